// Package register owns the import of people from an organisation's membership register.
//
// A file is read (package sheet), its columns are told apart, and each row is compared with what is in the directory. What comes of it
// is a change: steps, one for each person or group, and problems, row by row. Nothing has happened then. To apply a change is to do its
// steps in order, a few at a time so that sign-ins go on, each few in a transaction with what the audit trail tells about them. Every
// step knows what it expects to find; if it finds something else, or if anything ends an apply before its end, all that was done is taken
// back by the code with which a change is undone a month later (docs/decisions/register-import.md).
//
//	staged -> applying -> applied -> undoing -> undone
//	            '-> stopped (taken back)
//
// One apply or undo runs at a time, on whichever node, as long as its lease lasts; Settle, which every server calls now and then, takes
// back what a node left that died, and forgets what is too old to be undone.
//
// It changes what it put here and nothing else: the groups that the register put a person in, never those that somebody else did; never
// a phone to sign in with, a role, or a password. Who is no longer in the register is disabled, not deleted.
//
// Its neighbours: directory keeps the people; audit is told; cmd and the console show previews and ask whether to go on. Invitations are
// somebody else's: they find whom an import has added by the change's steps.
package register
