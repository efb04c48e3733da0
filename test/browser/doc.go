// Package browser tells Woggle's stories in a real browser: Debian's Chromium, on the real program.
//
// A Suite is one Chromium for a whole test run and the program, built once. A County is one running `woggle demo` with
// people and phones that no other story touches. A Window is one browser with cookies, cache and history of its own; its
// verbs are what a person does: Open, Fill, Choose, Press, See. Whatever page a window comes to is looked at by itself
// (look.go): the rules of accessibility, wide and narrow, light and dark, and that the browser had nothing to complain of.
//
// A Phone is a window with the authenticator app, whose screens change within one page, so its verbs wait. Its camera sees
// films of other people's screens (camera.go). A Site serves the app alone, and can be taken away or have a newer version.
//
// What a window saves or prints is read back off the paper (window_paper.go). A story in large letters (window_large.go) has its pages
// looked at like that as well.
//
// The pictures of the user guide are taken on the way (picture.go). With WOGGLE_PICTURES=1 they are written; without, a
// story fails if one is missing or its words are not those of the page any more.
//
// What a machine lacks (Chromium, axe-core, zbarimg, oathtool) makes a story be skipped, or fail if WOGGLE_TEST_ALL=1.
package browser
