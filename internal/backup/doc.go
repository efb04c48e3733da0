// Package backup owns the copies of the database that outlive it: making one while the server runs, proving that it can be put back,
// keeping the newest, and putting one back.
//
// A backup is rows and not pages of a file: lines of JSON, the same for both engines, compressed and encrypted on their way to the
// disk (age, https://age-encryption.org/v1). It is read within one reading transaction, so that it is of one instant and nobody who
// signs in waits for it, and it goes back into either engine. The first line says what it is, the last one what must have been read
// by then; between them each table has its rows.
//
//	{"woggle":"backup","format":1,"version":"1.0","schema":"00022_audit_chain","engine":"sqlite","at":"2027-02-01T02:41:07Z"}
//	{"table":"settings","columns":["name","value"]}
//	["clock","1801449667000"]
//	{"tables":[{"name":"settings","rows":1,"sum":"…"}]}
//
// It has the key file never in it. Nothing gets the name of a backup before it was read back from the disk to its end, put into a
// database that is thrown away, and found to be what was read (prove.go).
//
// It stands on the ground floor: what a chapter has to do after a restore, the caller hands in.
package backup
