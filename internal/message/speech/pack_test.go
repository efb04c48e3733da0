package speech

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"flag"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "pack the clips anew")

// What the program carries are the recordings, to the last sample.
func TestTheClipsArePackedWhole(t *testing.T) {
	recorded := map[string][]byte{}
	err := fs.WalkDir(os.DirFS("clips"), ".", func(path string, _ fs.DirEntry, err error) error {
		name, isClip := strings.CutSuffix(path, ".wav")
		if err != nil || !isClip {
			return err
		}
		file, err := os.ReadFile("clips/" + path)
		if err == nil {
			recorded[name], err = decode(file)
		}
		return err
	})
	if err != nil || len(recorded) < 200 {
		t.Fatalf("%d clips, %v", len(recorded), err)
	}
	if *update {
		if err := os.WriteFile("clips.pack", pack(recorded), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if clips, err := unpack(packed); err != nil || !maps.EqualFunc(clips, recorded, bytes.Equal) {
		t.Errorf("the program carries other clips than those in clips/ (%v): go test ./internal/message/speech -run Packed -update", err)
	}
	if len(packed) > 1_500_000 {
		t.Errorf("the clips take %d bytes of the binary, more than 1.5 MB", len(packed))
	}
	for _, size := range []int{0, 1, len(packed) / 2, len(packed) - 1} {
		if _, err := unpack(packed[:size]); err == nil {
			t.Errorf("a pack that ends after %d bytes is taken for whole", size)
		}
	}
}

func TestLevelsGrowWithTheSound(t *testing.T) {
	for sample := range 256 {
		if got := unlevel(level(byte(sample))); got != byte(sample) {
			t.Errorf("%#x comes back as %#x", sample, got)
		}
		for other := range 256 {
			louder := fromMulaw(byte(sample)) > fromMulaw(byte(other))
			if louder && int8(level(byte(sample))) <= int8(level(byte(other))) {
				t.Errorf("%#x is louder than %#x", sample, other)
			}
		}
	}
}

// pack is the clips, in the order of their names.
func pack(clips map[string][]byte) []byte {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression) // the level is a valid one
	put := func(data []byte) {
		w.Write(binary.AppendUvarint(nil, uint64(len(data))))
		w.Write(data)
	}
	for _, name := range slices.Sorted(maps.Keys(clips)) {
		put([]byte(name))
		steps, last := make([]byte, len(clips[name])), byte(0)
		for i, sample := range clips[name] {
			steps[i] = level(sample) - last
			last = level(sample)
		}
		put(steps)
	}
	w.Close()
	return packed.Bytes()
}
