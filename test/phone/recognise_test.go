package phone_test

import (
	"os"
	"path/filepath"
	"testing"

	"woggle/internal/message/speech"
	"woggle/test/phone"
)

func TestRecognise(t *testing.T) {
	need(t, "pocketsphinx_batch", "sox")
	recordings, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	said := func(script speech.Script) string {
		wav, err := recordings.WAV(script)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "said.wav")
		if err := os.WriteFile(name, wav, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, code := range []string{"012345", "678900", "112233", "999999", "571986"} {
		digits, err := phone.Recognise(said(recordings.CodeCall("en", "", "Ann", code).Reading))
		if err != nil || digits != code+code {
			t.Errorf("%s is heard as %s: %v", code, digits, err)
		}
	}
	if digits, err := phone.Recognise(said(recordings.CodeCall("en", "", "Ann", "482915").Listening)); err == nil {
		t.Errorf("the digits %s are heard in silence", digits)
	}
	if _, err := phone.Recognise(filepath.Join(t.TempDir(), "none.wav")); err == nil {
		t.Error("something is heard in no recording")
	}
}
