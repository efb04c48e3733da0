// Package saml lets other people's programs be apps of Woggle's SAML 2.0: mod_auth_mellon and Shibboleth under Debian's Apache,
// npm's node-saml, and gosaml2 and crewjam/saml for Go. Each reads our metadata, sends people to the whole program, and
// judges what they bring back; where it can, it signs, is signed out of, and is given something forged to refuse.
//
// Each server is a process of its own on this computer, at a free port, and is ended by its id. Nothing is asked of any other
// computer.
package saml
