package password

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	about := []string{"Siân", "Wood-Hughes", "sian.wh@redshire.example", "Redshire Scouts", "Al Lee"}
	for _, row := range []struct{ why, password, want string }{
		{"nothing", "", Short},
		{"nine characters", "kT9#vLq2x", Short},
		{"ten characters", "kT9#vLq2xw", ""},
		{"nine characters in 18 bytes", "ŵŷâêîôûÿŵ", Short},
		{"ten that are nine when composed", "kT9#vLq2w\u0302", Short},
		{"255 characters", strings.Repeat("password ", 28) + "kT9", Guessable}, // long is not strong
		{"256 different characters", varied(256), ""},
		{"257 characters", varied(257), Long},
		{"a megabyte", strings.Repeat("a", 1<<20), Long},

		{"small letters only: no rules of composition", "ostrich kettle tuba", ""},
		{"digits only, of no pattern", "830274916352", ""},
		{"another script", "пять старых чайников", ""},
		{"emoji", "🦆🎺🧶🪜🦴🍋🚂🧲🪣🦉", ""},
		{"spaces at the ends count", " kT9#vLq2 ", ""},

		{"in the list", "password123", Obvious},
		{"in the list, with capitals", "PassWord123", Obvious},
		{"a long one of the list", "1qaz2wsx3edc", Obvious},
		{"a club", "LiverpoolFC", Obvious},

		{"a given name with an accent", "ostrich siân tuba", AboutYou},
		{"the same without", "ostrichSIANtuba", AboutYou},
		{"half a double name, signs for letters", "0strich-hugh3s-9", AboutYou},
		{"a double name in one", "woodhughes ostrich", AboutYou},
		{"a part of the address", "ostrich kettle redshire", AboutYou},
		{"the organisation", "5c0ut5 like ostriches", AboutYou},
		{"short names stand in innocent words", "sleek walnut altitude", ""},
		{"short names in one", "ostrich allee tuba", AboutYou},

		{"a word, a year and a sign", "Sunshine2024!", Guessable},
		{"a word with signs for letters", "P@$$w0rd!!11", Guessable},
		{"a birthday", "25/12/1985", Guessable},
		{"one letter", "aaaaaaaaaaaaaaaaaaaa", Guessable},
		{"nothing but spaces", "              ", Guessable},
		{"two words", "summerholiday", Guessable},
	} {
		got := ""
		if weak := Check(row.password, about); weak != nil {
			got = weak.Reason
		}
		if got != row.want {
			t.Errorf("%s: %.40q gives %q, want %q", row.why, row.password, got, row.want)
		}
	}
}

// varied is a text of n code points without a pattern, some of them outside ASCII.
func varied(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune('!' + i*i*7919%400))
	}
	return b.String()
}

// What Check lets through can be hashed; what is too long is refused by both, so that no password is ever half used.
func TestHashTakesWhatCheckTakes(t *testing.T) {
	h := NewHasher(0, 0)
	for _, n := range []int{MaxLength - 1, MaxLength, MaxLength + 1} {
		weak := Check(varied(n), nil)
		_, err := h.Hash(t.Context(), varied(n))
		if (weak == nil) != (err == nil) || (err == nil) != (n <= MaxLength) {
			t.Errorf("%d characters: Check gives %v, Hash %v", n, weak, err)
		}
	}
}

// Every reason has its sentence in every language, and the sentences name the true lengths.
func TestEveryReasonHasASentence(t *testing.T) {
	for _, language := range []string{"en", "cy"} {
		raw, err := os.ReadFile("../../page/locales/" + language + "/password.json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			t.Fatal(err)
		}
		for reason, number := range map[string]int{Short: MinLength, Long: MaxLength, Obvious: 0, AboutYou: 0, Guessable: 0} {
			text := texts[(&Weak{reason}).Key()]
			if text == "" || number > 0 && !strings.Contains(text, strconv.Itoa(number)) {
				t.Errorf("%s: %q says %q", language, reason, text)
			}
		}
		for _, key := range []string{"unknown", "damaged", "costly"} {
			if texts["password.import."+key] == "" {
				t.Errorf("%s: password.import.%s has no sentence", language, key)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		Check("ostrich kettle tuba", []string{"Siân Wood-Hughes", "Redshire Scouts"})
	}
}
