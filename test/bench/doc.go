// Bench measures how fast and how small Woggle is, each figure in one run with its yardstick on the same machine:
//
//	go run ./test/bench            everything, some ten minutes
//	go run ./test/bench -quick     everything in small, to try the bench itself
//	go run ./test/bench -only pages,starts
//	go run ./test/bench -profile FOLDER
//
// It builds the program as it is shipped, runs it with a settings file in a temporary folder, puts people into its
// database, and visits it as browsers do, over loopback connections that are kept alive. Rounds of Woggle and of the
// yardstick take turns, and what is judged is the median of their ratios, because other work on a machine comes and goes.
// The visitors run in this process, on the same cores as the program: what they take is not taken off.
//
// The parts, a file each:
//
//	signins.go   sign-ins against bare Argon2id hashes; failures; the storms
//	pages.go     pages against the bare handler of package bare
//	starts.go    from exec to ready; the size of the program
//	apps.go      sign-ins to an app against a handler that writes once and signs once; userinfo, introspection, refresh
//	proxies.go   what a proxy asks, against the bare handler
//	authenticator.go  how soon the authenticator app shows a code, in a slow Chromium
//	grants.go    the same questions among few and among very many grants
//	register.go  an import of 100,000 people while others sign in
//	million.go   sign-ins among few and among very many people, on both databases
//	backups.go  how long a backup takes, against what SQLite needs to copy its file, and whether sign-ins go on
//	profile.go   where the time goes: the server in this process, under the same load
//
// program.go runs programs, people.go makes people, browser.go is a lean browser, walk.go its sign-in, crowd.go many at
// once, report.go the table.
//
// It always ends with status 0 unless something broke: a missed aim is a row of the table, not an error. Nothing outside
// the temporary folder is written, nothing but loopback is called, and what it starts ends with it.
package main
