// A backup in the eyes of somebody else's JOSE library: that people can open theirs without this app.

package authenticator_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestBackupIsAnOrdinaryJWE(t *testing.T) {
	file, err := os.ReadFile("src/move/testdata/backup-1.woggle")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := jose.ParseEncryptedCompact(strings.TrimSpace(string(file)),
		[]jose.KeyAlgorithm{jose.PBES2_HS512_A256KW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := sealed.Decrypt([]byte("r4m7hkq2vzx9w3dtbn8c"))
	if err != nil {
		t.Fatal(err)
	}
	var contents struct {
		Accounts []struct{ URI, Label string }
	}
	if err := json.Unmarshal(plain, &contents); err != nil {
		t.Fatal(err)
	}
	if len(contents.Accounts) != 2 || contents.Accounts[0].Label != "Scouts ✓" ||
		!strings.HasPrefix(contents.Accounts[0].URI, "otpauth://totp/Northwold%20County:aisha") {
		t.Errorf("accounts: %+v", contents.Accounts)
	}
}
