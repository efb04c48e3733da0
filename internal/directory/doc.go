// Package directory owns people: users, groups, roles, and the details that the organisation asks of them.
//
// A user is active, locked (kept out until somebody looks into it) or disabled (has left). A user may also be frozen:
// they sign in, but nothing of theirs can be changed, because they said that a change was not theirs. Each user has an
// epoch; a session carries the epoch that it was made in, so raising it ends every session of that user at once.
//
// A user name is unique, ASCII, and found however it is typed (see Canonical). An e-mail address may be shared, as
// families do, and then it does not find anybody. Ids are made here, never change and are never used again.
//
// A field is one detail that the organisation asks for: its definition is data. The given and family name are fields
// too when the organisation asks for them, but their values stand with the user, because every chapter needs them.
//
// How far a person is (Standing), and the words by which they are found, are kept with each change, so that the console counts and
// finds people among many.
//
// Its neighbours: session and signin read users; signin asks what is Missing before it lets a person arrive; portal
// and admin show and change what stands here. It imports db, problem and audit. Package sample has the demo's people.
package directory
