package microsoft365

// Fingerprint is how certificates are named here.
func Fingerprint(der []byte) string { return fingerprint(der) }

// Unreadable is a picture's note that the people could not be read.
func Unreadable(err error) map[part]error { return map[part]error{people: err} }

// Quote and Comment write values for PowerShell.
func Quote(value string) string   { return quote(value) }
func Comment(value string) string { return comment(value) }
