package push

// EncryptWith encrypts with the keys and the salt of an example.
var EncryptWith = encryptWith
