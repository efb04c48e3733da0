// Package softkey is an authenticator in software, with the browser around it, for tests: it makes passkeys and signs with them as Web
// Authentication level 3 says, and can be told to do each thing wrong.
package softkey
