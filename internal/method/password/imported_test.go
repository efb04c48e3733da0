package password

import (
	"fmt"
	"strings"
	"testing"

	"woggle/internal/problem"
)

const typed = "Neckerchief & woggle 7"

// The hashes were made by other programs, which each row names.
var foreign = []struct{ scheme, by, stored string }{
	{"argon2id", "argon2 of the reference implementation, with our parameters", example},
	{"argon2id", "argon2, three passes and four lanes", "$argon2id$v=19$m=4096,t=3,p=4$c29tZXNhbHQxMg$HMroFRY26+aesLM4iEIZPisj3UsjcyGZ"},
	{"argon2i", "argon2", "$argon2i$v=19$m=8192,t=3,p=2$c29tZXNhbHQxMg$k+FHF4uFGoOLsTMyk2ObulZccdqPbsCXCwIaIgFJKB0"},
	{"bcrypt", "htpasswd -B", "$2y$05$lgsToKgtUaZUdl6L0cMxoeF6kZMcbdykxGrPlCpxTXM88I8T7K7Li"},
	{"bcrypt", "htpasswd -B -C 10", "$2y$10$ZNsAB/DAhk6xsk3cXUDncOMVI7Meo4hg.QvPK4zUmlkN/bNR/8nxK"},
	{"bcrypt", "crypt(3)", "$2a$05$abcdefghijklmnopqrstuuCQZTV14ZP9BR..ca0mRyFGx5ktQvo3."},
	{"bcrypt", "crypt(3)", "$2b$05$abcdefghijklmnopqrstuuCQZTV14ZP9BR..ca0mRyFGx5ktQvo3."},
	{"pbkdf2-sha1", "passlib", "$pbkdf2$1000$xfj/vxfiPGdsrXVuzbk3Zg$fLBGqCbrOpbzphhCpV0aFyrls1Q"},
	{"pbkdf2-sha256", "passlib", "$pbkdf2-sha256$1000$plSKEWJMiVGqVUrpHYNwbg$z2x3rcNGGjn7J2wmyrEmpTOz8hjB7KNOLN9rZSJtGJM"},
	{"pbkdf2-sha512", "passlib", "$pbkdf2-sha512$1000$oHSulXLOmROiVAoBYEypVQ$8lebZTOxS6.LP83EygJITCKgRLs6CMtpf8LdkImkRF1AM0gwpyJpdVu6Yp4cM.unwmMtOV7JkHHl/wD6DEX9bQ"},
	{"pbkdf2-sha1", "openssl kdf", "pbkdf2_sha1$5000$djangosalt$9Op9WOl+BGdXw/gWobYgHhw88gs="},
	{"pbkdf2-sha256", "openssl kdf", "pbkdf2_sha256$5000$djangosalt$H01rTHpLXdZx2edxRfNacUatrnGAWo7sbZIcGHbdt3k="},
	{"pbkdf2-sha256", "passlib, as Django", "pbkdf2_sha256$1000$PodmVVh7lksQ$Eic/OwUm1Wk0I/OB6+88vn2x3aLWYkGskK53kXA5URo="},
	{"pbkdf2-sha512", "Node.js", "pbkdf2_sha512$2000$saltsaltsaltsalt$eAf6PWc1+uyyk3tcMrYEh+eDowVMuGks7wwkkoONDPSCe7gVCNy6UJp27ryZaop5PHCjcTmuS9lMVIo1GVM4Fg=="},
	{"scrypt", "passlib", "$scrypt$ln=10,r=8,p=1$OIdQ6r03ZmyN0br3fq815g$sAavRJjizQ7ZsCzI3on7Y7j8M0v7xHx5hTNYk2Wyc2U"},
	{"scrypt", "Node.js", "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$i0b8z04+MmmOWgwTZu/22DOv27BlfE1bQPohYH2zlpo"},
	{"ssha", "slappasswd", "{SSHA}4fpXrgioLSIprDSm+AcsZXGFedkU8MUQ"},
	{"ssha256", "slappasswd with pw-sha2", "{SSHA256}saQcIXLAQl46irIiI/bcASg9wbsUzpjl5wGDi3Y3iSvbFugvgEw0rQ=="},
	{"ssha512", "slappasswd with pw-sha2", "{SSHA512}U9dmDCft2WO7L8yr/9VuxydOI9EGPmXs8epadjSgTnL69yFpXXTDoEieQUDI3Tq9I/lRI2kkxTGKqKqYYvCYZP7eMyoAilfc"},
	{"ssha", "passlib, the scheme in lower case", "{ssha}hdPupkEEaQ4RkGsIQqzdmLxXHk9PCQGA"},
}

func TestHashesOfOtherPrograms(t *testing.T) {
	h := NewHasher(0, 0)
	for _, row := range foreign {
		if scheme, err := Recognise(row.stored); scheme != row.scheme || err != nil {
			t.Errorf("%s by %s: recognised as %q, %v", row.scheme, row.by, scheme, err)
		}
		ok, stale, err := h.Verify(t.Context(), row.stored, typed)
		if !ok || stale != (row.stored != example) || err != nil {
			t.Errorf("%s by %s: the right password gives %v, stale %v, %v", row.scheme, row.by, ok, stale, err)
		}
		ok, stale, err = h.Verify(t.Context(), row.stored, typed+"x")
		if ok || stale || err != nil {
			t.Errorf("%s by %s: a wrong password gives %v, stale %v, %v", row.scheme, row.by, ok, stale, err)
		}
	}
}

// A hash with anything changed is damaged or another hash, but never matches, and never stops the program.
func TestADamagedHashNeverMatches(t *testing.T) {
	for _, row := range foreign {
		if strings.HasPrefix(row.stored, "$2y$10$") || strings.Contains(row.stored, "ln=14") {
			continue // the slow ones add nothing
		}
		for _, i := range []int{0, 1, 3, len(row.stored) / 2, len(row.stored) - 8} {
			for _, changed := range []string{
				row.stored[:i] + row.stored[i+1:], row.stored[:i], row.stored[:i] + "\n" + row.stored[i:], row.stored[:i] + "$" + row.stored[i:],
			} {
				if s, err := read(changed); err == nil && s.matches([]byte(typed)) {
					t.Errorf("%s by %s still matches as %q", row.scheme, row.by, changed)
				}
			}
		}
	}
}

// T08: bcrypt looks at 72 bytes. crypt(3) made this hash of 100 letters, and the same for the first 72 of them.
func TestBcryptKnowsOnlyTheBeginning(t *testing.T) {
	const stored = "$2b$05$abcdefghijklmnopqrstuuGUnCqbfgs3htOkLrFduUjAyLBw1Rq/u"
	h := NewHasher(0, 0)
	for _, row := range []struct {
		typed string
		want  bool
	}{
		{strings.Repeat("a", 72), true},
		{strings.Repeat("a", 71), false},
		{strings.Repeat("a", 73), false},
		{strings.Repeat("a", 72) + "anything at all", false},
		{strings.Repeat("a", 100), false}, // even the owner: there is no telling them from the row above
	} {
		if ok, _, err := h.Verify(t.Context(), stored, row.typed); ok != row.want || err != nil {
			t.Errorf("%d letters: %v, %v", len(row.typed), ok, err)
		}
	}
}

func TestWhatIsNotImported(t *testing.T) {
	const salt, tag = "c2FsdHNhbHRzYWx0c2FsdA", "tG+DWjIez7wcvhvM3L10l6I6yT7nek142sQCBL0pP6Q"
	argon := func(id, parameters string) string { return fmt.Sprintf("$%s$v=19$%s$%s$%s", id, parameters, salt, tag) }
	scrypt := func(parameters string) string { return fmt.Sprintf("$scrypt$%s$%s$%s", parameters, salt, tag) }
	bcrypt := func(head string) string { return head + "abcdefghijklmnopqrstuuCQZTV14ZP9BR..ca0mRyFGx5ktQvo3." }
	django := func(rounds string) string { return "pbkdf2_sha256$" + rounds + "$salt$" + tag + "=" }
	for _, row := range []struct{ why, stored, key string }{
		{"nothing", "", "unknown"},
		{"plain text", "Neckerchief & woggle 7", "unknown"},
		{"MD5 crypt", "$1$abcdefgh$G//4keteveJp0qb8z2DxG/", "unknown"},
		{"plain text of LDAP", "{CLEARTEXT}secret", "unknown"},
		{"a digest without salt", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "unknown"},
		{"far too long", "$2b$" + strings.Repeat("a", 1000), "unknown"},
		{"Argon2d", argon("argon2d", "m=19456,t=2,p=1"), "unknown"},
		{"$2x$, of a broken program", bcrypt("$2x$05$"), "unknown"},
		{"$2$", bcrypt("$2$05$"), "unknown"},
		{"$2", "$2", "unknown"},
		{"PBKDF2 with MD5", "$pbkdf2-md5$1000$" + salt + "$" + tag, "unknown"},

		{"Argon2 1.0", strings.Replace(argon("argon2id", "m=19456,t=2,p=1"), "v=19", "v=16", 1), "damaged"},
		{"no lanes", argon("argon2id", "m=19456,t=2,p=0"), "damaged"},
		{"no passes", argon("argon2id", "m=19456,t=0,p=1"), "damaged"},
		{"less memory than lanes need", argon("argon2id", "m=8,t=1,p=2"), "damaged"},
		{"another order", argon("argon2id", "t=2,m=19456,p=1"), "damaged"},
		{"a parameter too many", argon("argon2id", "m=19456,t=2,p=1,x=1"), "damaged"},
		{"a tag of 3 bytes", "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$dGFn", "damaged"},
		{"no salt", "$argon2id$v=19$m=19456,t=2,p=1$$" + tag, "damaged"},
		{"scrypt without blocks", scrypt("ln=14,r=0,p=1"), "damaged"},
		{"scrypt with N=1", scrypt("ln=0,r=8,p=1"), "damaged"},
		{"bcrypt cut off", bcrypt("$2b$05$")[:59], "damaged"},
		{"bcrypt with a strange sign", strings.Replace(bcrypt("$2b$05$"), "CQ", "C:", 1), "damaged"},
		{"bcrypt with a cost of 3", bcrypt("$2b$03$"), "damaged"},
		{"PBKDF2 with no rounds", django("0"), "damaged"},
		{"PBKDF2 with minus one round", django("-1"), "damaged"},
		{"PBKDF2 with an empty tag", "pbkdf2_sha256$1000$salt$", "damaged"},
		{"SSHA without salt", "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "damaged"},

		{"4 GiB", argon("argon2id", "m=4194304,t=1,p=1"), "costly"},
		{"128 MiB often", argon("argon2id", "m=131072,t=9,p=1"), "costly"},
		{"endless passes", argon("argon2i", "m=8,t=4294967295,p=1"), "costly"},
		{"255 lanes", argon("argon2id", "m=19456,t=2,p=255"), "costly"},
		{"scrypt with N=2⁶³", scrypt("ln=63,r=8,p=1"), "costly"},
		{"scrypt with 1 GiB", scrypt("ln=20,r=8,p=1"), "costly"},
		{"scrypt with endless lanes", scrypt("ln=1,r=1,p=4294967295"), "costly"},
		{"scrypt with endless blocks", scrypt("ln=1,r=4294967295,p=1"), "costly"},
		{"bcrypt of a second", bcrypt("$2b$14$"), "costly"},
		{"PBKDF2 of a second", django("1600000"), "costly"},
		{"scrypt of a second", scrypt("ln=14,r=8,p=16"), "costly"},
		{"Argon2 of half a second", argon("argon2id", "m=65536,t=9,p=1"), "costly"},
		{"bcrypt of a day", bcrypt("$2b$31$"), "costly"},
		{"PBKDF2 of an hour", django("9000000000"), "costly"},
	} {
		scheme, err := Recognise(row.stored)
		if want := "password.import." + row.key; scheme != "" || err == nil || problem.Of(err).Key != want {
			t.Errorf("%s: %q, %v, want %s", row.why, scheme, err, want)
		}
	}
}

// What the programs that people come from write by default is affordable.
func TestUsualParametersAreImported(t *testing.T) {
	const salt, tag = "c2FsdHNhbHRzYWx0c2FsdA", "tG+DWjIez7wcvhvM3L10l6I6yT7nek142sQCBL0pP6Q"
	for program, stored := range map[string]string{
		"Django's Argon2":  "$argon2id$v=19$m=102400,t=2,p=8$" + salt + "$" + tag,
		"RFC 9106, second": "$argon2id$v=19$m=65536,t=3,p=4$" + salt + "$" + tag,
		"Keycloak":         "$argon2id$v=19$m=7168,t=5,p=1$" + salt + "$" + tag,
		"OWASP's scrypt":   "$scrypt$ln=17,r=8,p=1$" + salt + "$" + tag,
		"Django's PBKDF2":  "pbkdf2_sha256$1200000$salt$" + tag + "=",
		"bcrypt at 13":     "$2b$13$abcdefghijklmnopqrstuuCQZTV14ZP9BR..ca0mRyFGx5ktQvo3.",
	} {
		if _, err := Recognise(stored); err != nil {
			t.Errorf("%s: %v", program, err)
		}
	}
}

// An imported hash that is quicker than ours is made slower, so that it does not stand out among unknown users.
func TestQuickSchemesAreMarked(t *testing.T) {
	for _, row := range foreign {
		s, err := read(row.stored)
		if err != nil {
			t.Fatal(err)
		}
		slow := row.stored == example || strings.HasPrefix(row.stored, "$2y$10$") || strings.Contains(row.stored, "ln=14")
		if s.light == slow {
			t.Errorf("%s by %s: light is %v", row.scheme, row.by, s.light)
		}
	}
}
