// Package server owns the wiring of the chapters, the one route table, and what every request passes through before a
// chapter sees it.
//
// A request goes
//
//	enter    request id, client address, language, security headers; recover from a panic; the log line
//	  host     only under our own name
//	    route    the table in routes.go
//	      guard    body limit, browser cookie, forged forms, session        (pages; not static files and probes)
//	        chapter
//
// Beside requests it runs what works by itself: the outbox, the sweeping of old rows, and the watch over the clock.
//
// It imports every chapter, and no chapter imports it. Nothing of a node's memory decides anything: all nodes are alike.
package server
