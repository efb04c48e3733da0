// The objects of a PDF file and the table of where each begins (ISO 32000-1 section 7.5).
package paper

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// file collects objects; they are numbered from 1, as the format wants it.
type file struct {
	objects [][]byte
	packer  *zlib.Writer // one for all, since it takes most of a megabyte
}

// reserve gives a number to an object that others refer to before it is known.
func (f *file) reserve() int {
	f.objects = append(f.objects, nil)
	return len(f.objects)
}

func (f *file) set(number int, format string, args ...any) {
	f.objects[number-1] = fmt.Appendf(nil, format, args...)
}

func (f *file) add(format string, args ...any) int {
	number := f.reserve()
	f.set(number, format, args...)
	return number
}

// stream adds data that was packed with zlib; entries are further ones of its dictionary.
func (f *file) stream(packed []byte, entries string) int {
	return f.add("<< /Length %d /Filter /FlateDecode%s >>\nstream\n%s\nendstream", len(packed), entries, packed)
}

func (f *file) pack(data []byte) []byte {
	var packed bytes.Buffer
	if f.packer == nil {
		f.packer = zlib.NewWriter(&packed)
	} else {
		f.packer.Reset(&packed)
	}
	f.packer.Write(data) // a buffer takes everything
	f.packer.Close()
	return packed.Bytes()
}

// bytes is the whole file. Its identity is made of what it holds, so that the same input gives the same file.
func (f *file) bytes(catalogue, info int) []byte {
	size := 64
	for _, object := range f.objects {
		size += len(object) + 48
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n") // the second line tells programs that copy files that this is no text
	begins := make([]int, len(f.objects))
	for i, object := range f.objects {
		begins[i] = out.Len()
		fmt.Fprintf(out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	id, table := sha256.Sum256(out.Bytes()), out.Len()
	fmt.Fprintf(out, "xref\n0 %d\n0000000000 65535 f \n", len(f.objects)+1)
	for _, begin := range begins {
		fmt.Fprintf(out, "%010d 00000 n \n", begin)
	}
	fmt.Fprintf(out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%x> <%x>] >>\nstartxref\n%d\n%%%%EOF\n",
		len(f.objects)+1, catalogue, info, id[:16], id[:16], table)
	return out.Bytes()
}

// quoted is a text string (section 7.9.2.2), written so that no letter of it can end it.
func quoted(text string) string {
	var hex strings.Builder
	hex.WriteString("<FEFF")
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&hex, "%04X", unit)
	}
	return hex.String() + ">"
}

// moment is a date (section 7.9.4).
func moment(at time.Time) string { return at.UTC().Format("(D:20060102150405Z)") }

// references lists objects as an array holds them.
func references(numbers []int) string {
	var list strings.Builder
	for i, number := range numbers {
		if i > 0 {
			list.WriteByte(' ')
		}
		list.WriteString(strconv.Itoa(number) + " 0 R")
	}
	return list.String()
}
