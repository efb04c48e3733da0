// This file owns the pack: the clips of clips/ as the program carries them, three quarters as large.

package speech

import (
	"bufio"
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"sync"
)

// packed is a deflated list of clips, made of the files in clips/ by go test -run Packed -update. Each is its name and its samples, both behind their
// length; of each sample stands how much louder it is than the one before, which is mostly little, and so deflates well.
//
//go:embed clips.pack
var packed []byte

// bundled reads the clips that the program brings along once. Nobody may change the map.
var bundled = sync.OnceValues(func() (map[string][]byte, error) { return unpack(packed) })

func unpack(pack []byte) (map[string][]byte, error) {
	clips := map[string][]byte{}
	r := bufio.NewReader(flate.NewReader(bytes.NewReader(pack)))
	for {
		name, err := unpackOne(r)
		if err == io.EOF {
			return clips, nil
		}
		if err != nil {
			return nil, err
		}
		steps, err := unpackOne(r)
		if err != nil {
			return nil, err
		}
		last := byte(0)
		for i, step := range steps {
			last += step
			steps[i] = unlevel(last)
		}
		clips[string(name)] = steps
	}
}

func unpackOne(r *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(r, data)
	return data, err
}

// level is how loud a mu-law sample is, from -128 to 127 modulo 256: the order in which mu-law counts does not grow with the sound.
func level(sample byte) byte {
	turned := ^sample
	if turned < 0x80 {
		return turned
	}
	return ^(turned & 0x7f)
}

// unlevel is the sample that is so loud.
func unlevel(level byte) byte {
	if level < 0x80 {
		return ^level
	}
	return ^(^level | 0x80)
}
