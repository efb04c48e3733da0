// Package samltoken owns what SAML messages look like: the assertions and responses that we give, and the requests that we
// take, as plain values. It decides nothing: who is told what, and whether, is the protocols' (internal/app/saml,
// wsfed, microsoft365), which share it because none of them knows another.
//
// What it makes is signed (internal/signedxml); what it reads was parsed there, and verified where that matters.
package samltoken
