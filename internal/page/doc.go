// Package page owns how a page is made: rendering, layouts, form parts, the languages, the static files, and the
// one writer of errors.
//
// A chapter keeps its pages beside its rules in pages/*.html and adds them at start (Renderer.Add); each is the
// body of a layout: "card" (one question) or "sheet" (a signed-in page). A page's data is a typed struct.
//
// Every sentence stands in locales/<language>/<chapter>.json; a key that one language lacks fails the tests.
//
// A Visit is what the server knows of a request before any chapter sees it: its id, the client's address, the
// language, the browser's own token. It travels in the request's context.
//
// It knows no chapter.
package page
