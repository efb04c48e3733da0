package authenticator

import (
	"bytes"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rfcSecret is the SHA-1 secret of the examples in RFC 4226 and RFC 6238.
var rfcSecret = []byte("12345678901234567890")

func TestCodesOfRFC4226AppendixD(t *testing.T) {
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := Code(rfcSecret, int64(step)); got != want {
			t.Errorf("step %d: %s, want %s", step, got, want)
		}
	}
}

func TestCodesOfRFC6238AppendixB(t *testing.T) {
	for at, want := range map[int64]string{ // the last six of the eight digits there
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := Code(rfcSecret, Step(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestShortSecretsOfOtherServicesGiveTheirCodes(t *testing.T) {
	secret, err := base32.StdEncoding.DecodeString("JBSWY3DPEHPK3PXP")
	if err != nil {
		t.Fatal(err)
	}
	if got := Code(secret, Step(time.Unix(1700000000, 0))); got != "324550" {
		t.Errorf("%s, want 324550", got)
	}
}

func TestCodesAgreeWithOathtool(t *testing.T) {
	oathtool := program(t, "oathtool")
	for _, at := range []int64{0, 29, 30, 1_000_000_000, 1_790_000_000, 4_102_444_800} {
		secret := NewSecret()
		out, err := exec.Command(oathtool, "--totp=sha1", "--digits=6", "--time-step-size=30s",
			"--now", time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05 UTC"), hex.EncodeToString(secret)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if want, got := strings.TrimSpace(string(out)), Code(secret, Step(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, oathtool says %s", at, got, want)
		}
	}
}

// Threat T18: the window is one step either side of now, whichever second of its step it is.
func TestACodeLivesOneStepEitherSide(t *testing.T) {
	for _, second := range []int64{0, 1, 29} {
		now := time.Unix(1_790_000_010+second, 0)
		for off, want := range map[int64]bool{-3: false, -2: false, -1: true, 0: true, 1: true, 2: false, 3: false} {
			code := Code(rfcSecret, Step(now)+off)
			step, ok := Match(rfcSecret, code, now, 0)
			if ok != want || ok && step != Step(now)+off {
				t.Errorf("second %d, %+d steps: %d, %v; want %v", second, off, step, ok, want)
			}
		}
	}
}

// Threat T17: a used step, and every one before it, is spent.
func TestACodeWorksOnce(t *testing.T) {
	now := time.Unix(1_790_000_010, 0)
	current := Step(now)
	step, ok := Match(rfcSecret, Code(rfcSecret, current), now, 0)
	if !ok || step != current {
		t.Fatalf("the right code: %d, %v", step, ok)
	}
	for _, row := range []struct {
		off  int64
		want bool
	}{{-1, false}, {0, false}, {1, true}} {
		if _, ok := Match(rfcSecret, Code(rfcSecret, current+row.off), now, step); ok != row.want {
			t.Errorf("%+d steps after the current one was used: %v, want %v", row.off, ok, row.want)
		}
	}
	if _, ok := Match(rfcSecret, Code(rfcSecret, current), now.Add(-time.Hour), step); ok {
		t.Error("a clock set back made a used code work again")
	}
}

func TestACodeSharedByTwoStepsUsesUpBoth(t *testing.T) {
	const step, shared = 910737, "911617" // the first two steps in a row with one code
	now := time.Unix(step*30, 0)
	if Code(rfcSecret, step) != shared || Code(rfcSecret, step+1) != shared {
		t.Fatal("the two steps do not share their code")
	}
	got, ok := Match(rfcSecret, shared, now, 0)
	if !ok || got != step+1 {
		t.Fatalf("got step %d, %v", got, ok)
	}
	if _, ok := Match(rfcSecret, shared, now, got); ok {
		t.Error("the code worked twice")
	}
}

// Threat T15: nothing that is unset or odd ever matches.
func TestOddCodesNeverMatch(t *testing.T) {
	now := time.Unix(1_790_000_010, 0)
	right := Code(rfcSecret, Step(now))
	for _, code := range []string{"", "0", "00000", " " + right, right + " ", right + "0", right[:5], right + "\x00", strings.Repeat(right, 10_000)} {
		for _, last := range []int64{-1, 0} {
			if step, ok := Match(rfcSecret, code, now, last); ok {
				t.Errorf("%.20q matched step %d", code, step)
			}
		}
	}
	for _, unset := range [][]byte{nil, {}} {
		if _, ok := Match(unset, Code(unset, Step(now)), now, 0); ok {
			t.Error("a secret that is not set matched")
		}
	}
}

func TestSecretsAreLongAndNeverTheSame(t *testing.T) {
	first, second := NewSecret(), NewSecret()
	if len(first) != 20 || bytes.Equal(first, second) {
		t.Errorf("secrets %x and %x", first, second)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("12345678901234567890"), "287082", int64(59), int64(0))
	f.Add([]byte{}, "", int64(0), int64(-1))
	f.Fuzz(func(t *testing.T, secret []byte, code string, at, last int64) {
		at %= 1 << 40
		now := time.Unix(at, 0)
		step, ok := Match(secret, code, now, last)
		if !ok {
			return
		}
		if _, err := strconv.Atoi(code); err != nil || len(code) != Digits || len(secret) == 0 || step <= last || step < Step(now)-1 || step > Step(now)+1 || Code(secret, step) != code {
			t.Fatalf("%q matched step %d at %v after %d", code, step, now, last)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	now := time.Unix(1_790_000_010, 0)
	for b.Loop() {
		Match(rfcSecret, "000000", now, 0)
	}
}

// program finds a program that a test compares us with, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		reason := fmt.Sprintf("%s is not installed", name)
		if os.Getenv("WOGGLE_TEST_ALL") == "1" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return path
}
