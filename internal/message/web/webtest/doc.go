// Package webtest plays the telephone network for the tests of providers that carry calls over the web: a desk that
// forgets messages when the real one does, and the walks that people take through a call. A company's own test brings
// along how that company asks, signs and fetches (Network).
package webtest
