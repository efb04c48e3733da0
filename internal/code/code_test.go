package code

import (
	"strings"
	"testing"
)

func TestCleanReadsWhatPeopleType(t *testing.T) {
	for _, row := range []struct{ typed, want string }{
		{"123456", "123456"},
		{"000000", "000000"},
		{" 123456 ", "123456"},
		{"123456\r\n", "123456"},
		{"\t123456", "123456"},
		{"123 456", "123456"},
		{"12 34 56", "123456"},
		{"1 2 3 4 5 6", "123456"},
		{"123-456", "123456"},
		{"123 - 456", "123456"},
		{"123.456", "123456"},
		{"123·456", "123456"},
		{"123\u00a0456", "123456"}, // no-break space
		{"123\u2009456", "123456"}, // thin space
		{"123\u3000456", "123456"}, // ideographic space
		{"123–456", "123456"},      // en dash
		{"123\u2011456", "123456"}, // no-break hyphen
		{"123\u2212456", "123456"}, // minus sign
		{"123456", "123456"},
		{"123.456", "123456"},
		{"١٢٣٤٥٦", "123456"},
		{"۱۲۳۴۵۶", "123456"},
		{"12٣٤56", "123456"},
		{"1　2　3　4　5　6　", "123456"},
	} {
		if got, ok := Clean(row.typed, 6); !ok || got != row.want {
			t.Errorf("Clean(%q) = %q, %v; want %q", row.typed, got, ok, row.want)
		}
	}
}

// Threat T15: an empty or odd input must never stand for a code.
func TestCleanRefusesAllElse(t *testing.T) {
	for _, typed := range []string{
		"", " ", "\u00a0", "-", ".", "0", "-1", "1e5", "+12345", "00000", "1234567", "12345", "12345 ", "-123456", "123456-", ".123456",
		"123456.", "null", "nil", "undefined", "NaN", "[]", "{}", `"123456"`, "[123456]", "12345O", "l23456", "abcdef",
		"0x1234", "123,456", "123_456", "123/456", "123456 654321", "12345\x00", "123456\x00", "\x00123456", "123\x00456",
		"\xff\xfe123456", "123456\xff", "123\u200b456", "\u202e123456", "𝟏𝟐𝟑𝟒𝟓𝟔", "①②③④⑤⑥", "¹²³⁴⁵⁶", "१२३४५६", "一二三四五六",
		"12345½", "12345²", "🔢", "%00", "' or 1=1--", strings.Repeat(" ", 65), "123456" + strings.Repeat(" ", 59),
		strings.Repeat("1", 100_000), strings.Repeat(" ", 1<<20),
	} {
		if got, ok := Clean(typed, 6); ok || (got != "" && len(got) == 6) {
			t.Errorf("Clean(%.40q) = %q, %v; want a refusal", typed, got, ok)
		}
	}
}

func TestCleanIsAsLongAsItWasAskedFor(t *testing.T) {
	if got, ok := Clean("1234 5678", 8); !ok || got != "12345678" {
		t.Errorf("eight digits: %q, %v", got, ok)
	}
	for _, digits := range []int{-1, 0} {
		if _, ok := Clean("", digits); ok {
			t.Errorf("an empty input passed for a code of %d digits", digits)
		}
	}
}

func TestCleanDoesNotReadALongInput(t *testing.T) {
	long := strings.Repeat("1", 100_000)
	if n := testing.AllocsPerRun(10, func() { Clean(long, 6) }); n != 0 {
		t.Errorf("%v allocations for an input that is too long; want none", n)
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"123456", "123 456", "１２３-４５６", "١٢٣.٤٥٦", "", "12345a", "\xff"} {
		f.Add(seed, 6)
	}
	f.Fuzz(func(t *testing.T, typed string, digits int) {
		clean, ok := Clean(typed, digits)
		if !ok {
			return
		}
		if len(clean) != digits || strings.Trim(clean, "0123456789") != "" {
			t.Fatalf("Clean(%q, %d) = %q", typed, digits, clean)
		}
		if again, ok := Clean(clean, digits); !ok || again != clean {
			t.Fatalf("a clean code was not read as itself: %q, %q", clean, again)
		}
		var folded []byte
		for _, r := range typed {
			if digit, ok := Digit(r); ok {
				folded = append(folded, digit)
			}
		}
		if string(folded) != clean {
			t.Fatalf("Clean(%q) = %q lost or invented a digit", typed, clean)
		}
	})
}
