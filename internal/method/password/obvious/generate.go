//go:build ignore

// This program makes words.bin from the lists that NOTICE.md names:
//
//	npm pack @zxcvbn-ts/language-common@4.1.3 @zxcvbn-ts/language-en@4.1.1   and unpack each into a folder
//	apt-get download python3-django                                         and unpack it with dpkg-deb -x
//	go run generate.go COMMON/package/src EN/package/src DJANGO/.../common-passwords.txt.gz
package main

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"log"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"woggle/internal/method/password/obvious"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: go run generate.go COMMON EN PASSWORDS.txt.gz (see the comment at the top of generate.go)")
	}
	common, english, django := os.Args[1], os.Args[2], os.Args[3]
	ranks := ranking{}
	ranks.add(words(filepath.Join(common, "passwords.json")), 0, 0)
	ranks.add(strings.Fields(unzip(django)), 0, 10_000) // not in the order of their frequency
	ranks.add(words(filepath.Join(english, "commonWords.json")), 35_000, 0)
	ranks.add(words(filepath.Join(english, "wikipedia.json")), 25_000, 0)
	ranks.add(words(filepath.Join(english, "lastnames.json")), 15_000, 0)
	ranks.add(words(filepath.Join(english, "firstnames.json")), 0, 3_000) // alphabetical
	ranks.add(words(filepath.Join(common, "diceware.json")), 0, 7_776)    // drawn by dice, so all alike
	ranks.add(strings.Fields(string(must(os.ReadFile("local.txt")))), 0, 500)
	must(0, os.WriteFile("words.bin", pack(ranks), 0o644))
	log.Printf("%d words", len(ranks))
}

// ranking is the best place that a word has in any list.
type ranking map[string]float64

// add takes the first most words of a list (0: all); alike is the rank of every one in a list without order.
func (r ranking) add(list []string, most int, alike float64) {
	for i, word := range list {
		folded := string(obvious.Fold(word))
		rank := cmp.Or(alike, float64(i+1))
		length := len([]rune(folded))
		if most > 0 && i >= most || length < 3 || len(folded) > 255 || rank >= math.Pow(10, float64(length)) {
			continue // no better than trying all characters
		}
		if old, known := r[folded]; !known || rank < old {
			r[folded] = rank
		}
	}
}

// pack writes what obvious.unpack reads.
func pack(ranks ranking) []byte {
	var shared, tails, bits []byte
	last := ""
	for _, word := range slices.Sorted(maps.Keys(ranks)) {
		n := 0
		for n < min(len(word), len(last)) && word[n] == last[n] {
			n++
		}
		shared = append(shared, byte(n))
		tails = append(append(tails, word[n:]...), '\n')
		bits = append(bits, byte(math.Log2(ranks[word])))
		last = word
	}
	raw := binary.BigEndian.AppendUint32(nil, uint32(len(ranks)))
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(tails)))
	raw = slices.Concat(raw, shared, tails, bits)
	var out bytes.Buffer
	w := must(flate.NewWriter(&out, flate.BestCompression))
	must(w.Write(raw))
	must(0, w.Close())
	return out.Bytes()
}

func words(file string) (list []string) {
	must(0, json.Unmarshal(must(os.ReadFile(file)), &list))
	return list
}

func unzip(file string) string {
	r := must(gzip.NewReader(bytes.NewReader(must(os.ReadFile(file)))))
	return string(must(io.ReadAll(r)))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
