// Package samltoken owns what tokens say: assertions of SAML 1.1 and 2.0, and the response of WS-Trust around one.
//
// It is pure: it takes facts and a time, and makes XML that is signed and sent elsewhere. So the two chapters that let people
// in to Microsoft 365, over WS-Federation and over SAML 2.0, say the same of the same person.
package samltoken
