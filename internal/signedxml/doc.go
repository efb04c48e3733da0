// Package signedxml owns XML that is signed (XML Signature, W3C 2013): reading it without being fooled, signing it, and
// believing a signature. It knows no protocol; SAML 2.0 and WS-Federation stand on it.
//
// Three rules keep the attacks of this field out (threats T68 to T73):
//
//   - Parse takes the small part of XML that honest senders use: no DOCTYPE, entities, comments, CDATA or processing
//     instructions, nothing deep, nothing large, no id twice. What is not in the tree cannot be read two ways.
//   - Verify takes one signature, standing in the root, with one reference, to the root; it gives back a tree that was
//     parsed from the very bytes whose digest was signed, and callers read only that.
//   - Keys come from the caller, never from the message. Every error is "not signed".
//
// The digest and the canonical form are goxmldsig's; the shape of what it may see is checked here first.
package signedxml
