package obvious

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The list is whole: sorted (or the search would miss words), of the size we promise, and small in the program.
func TestTheListIsWhole(t *testing.T) {
	l := words()
	if len(l.rank) < 100_000 {
		t.Errorf("%d words, want 100,000 at least", len(l.rank))
	}
	if len(packed) > 500_000 {
		t.Errorf("words.bin has %d bytes, want less than 500,000", len(packed))
	}
	for i := 1; i < len(l.rank); i++ {
		if l.word(i-1) >= l.word(i) {
			t.Fatalf("%q stands before %q", l.word(i-1), l.word(i))
		}
	}
	for i := 0; i < len(l.rank); i += 997 {
		if !Listed(l.word(i)) {
			t.Errorf("%q is in the list and is not found", l.word(i))
		}
	}
}

func TestADamagedListIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty": nil, "cut": packed[:len(packed)/2], "noise": []byte("no list at all"),
	} {
		if _, err := unpack(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestListed(t *testing.T) {
	for password, want := range map[string]bool{
		"password123": true, "PASSWORD123": true, "Pässword123": true, "qwertyuiop": true, "1qaz2wsx3edc": true,
		"liverpoolfc": true, "gwladgwlad": true,
		"": false, "liverpoolf": false, "password123 ": false, "liverpoolfcx": false, "ostrich kettle": false, "日本語": false,
	} {
		if got := Listed(password); got != want {
			t.Errorf("Listed(%q) = %v", password, got)
		}
	}
}

// Each row is a way of making a password that crackers know, and below which number of bits it must stay.
func TestKnownWaysAreCheap(t *testing.T) {
	for _, row := range []struct {
		way, password string
		most          float64
	}{
		{"a word and a year", "sunshine2024", 16},
		{"a word, a capital, a year and a sign", "Scouting2024!", 22},
		{"signs for letters", "p@$$w0rdp@$$w0rd", 12},
		{"backwards", "erehpsomta", 16},
		{"two words", "summerholiday", 20},
		{"a walk on the keyboard", "qwertghjkl", 22},
		{"shifted keys", "!@#$%^&*()", 12},
		{"the alphabet", "efghijklmnop", 12},
		{"backward numbers", "98765432109876", 14},
		{"one letter over and over", "kkkkkkkkkkkkkkkk", 10},
		{"a short block over and over", strings.Repeat("x7!", 60), 20},
		{"a birthday", "25/12/1985", 20},
		{"a birthday, the American way", "12-25-1985", 20},
		{"a birthday, the ISO way", "1985-12-25", 20},
		{"a name and a birthday", "dafydd251285", 26},
		{"a Welsh word and a number", "cariadcymru1", 24},
	} {
		if got := Bits(row.password); got > row.most {
			t.Errorf("%s: %q has %.1f bits, want %.0f at most", row.way, row.password, got, row.most)
		}
	}
}

func TestGoodPasswordsAreDear(t *testing.T) {
	for password, least := range map[string]float64{
		"correct horse battery staple": 45, "purple-kettle-nine": 33, "Blue42Kettle": 27, "xk7Qp2mzRt": 31,
		"llanfairpwllgwyngyll": 45, "ostrich paints my bicycle": 50, "пять старых чайников": 50,
	} {
		if got := Bits(password); got < least {
			t.Errorf("%q has %.1f bits, want %.0f at least", password, got, least)
		}
	}
}

// A generated password must hardly ever meet a pattern by chance, or password managers would seem broken.
func TestRandomPasswordsAreDear(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 7))
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	cheap := 0
	for range 2000 {
		password := make([]byte, 12)
		for i := range password {
			password[i] = letters[random.IntN(len(letters))]
		}
		if Bits(string(password)) < 30 {
			cheap++
		}
	}
	if cheap > 2 {
		t.Errorf("%d of 2000 random passwords were taken for cheap ones", cheap)
	}
}

func TestContains(t *testing.T) {
	for _, row := range []struct {
		password, word string
		want           bool
	}{
		{"xxWoodwardxx", "woodward", true}, {"w00dw4rd", "Woodward", true}, {"ŵoodward", "woodward", true},
		{"siân1985", "Sian", true}, {"sian1985", "Siân", true}, {"woodwar", "woodward", false}, {"", "woodward", false},
		{"jo1985", "jo1985", true},
	} {
		if got := Contains(row.password, row.word); got != row.want {
			t.Errorf("Contains(%q, %q) = %v", row.password, row.word, got)
		}
	}
}

// Whatever is typed, the estimate ends and is a number from nothing to what plain characters would cost.
func FuzzBits(f *testing.F) {
	for _, seed := range []string{"", "password", "1!|1!|4(4(", "aaaaaaaaaaaaaaaaaaaaaaaa", "\xff\xfe", "25.12.85", "ŵŷ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if len(password) > 256 {
			return
		}
		bits := Bits(password)
		if most := plainBits * float64(len([]rune(password))); !(bits >= 0 && bits <= most+1e-9) {
			t.Errorf("Bits(%q) = %v, want 0 to %v", password, bits, most)
		}
		if n := len(Fold(password)); n != len([]rune(password)) {
			t.Errorf("Fold(%q) has %d characters", password, n)
		}
	})
}

// The dearest input for the search: all characters stand for letters, or all are the same.
func BenchmarkBits(b *testing.B) {
	for name, password := range map[string]string{
		"ordinary": "purple-kettle-nine", "same": strings.Repeat("a", 256), "signs": strings.Repeat("1!|4", 64),
		"mixed": string(slices.Repeat([]byte("a1b2"), 64)),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Bits(password)
			}
		})
	}
}
