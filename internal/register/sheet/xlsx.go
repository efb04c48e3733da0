// An Excel workbook (ECMA-376): the parts of it that hold the text of a sheet.
package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"
)

// What is unpacked of each part at most. Packed a thousandfold, a small file could fill the memory.
const (
	maxParts   = 10_000
	maxSmall   = 8 << 20   // lists of sheets and styles
	maxStrings = 96 << 20  // texts
	maxSheet   = 400 << 20 // a sheet is read as it is unpacked, and only its cells are kept
)

// errLarge ends the reading of a part that unpacks to more than it may.
var errLarge = errors.New("sheet: a part is larger than it may be")

// workbook is an open file.
type workbook struct {
	parts   map[string]*zip.File
	texts   []string // shared strings
	formats []format // of cells, by the number of their style
	since   bool     // days are counted from 1904
}

func readXLSX(raw []byte) (*Table, error) {
	t, err := openXLSX(raw)
	if errors.Is(err, errLarge) {
		return nil, tooLarge("unpacked", maxSheet>>20)
	}
	var damaged *xml.SyntaxError
	if errors.As(err, &damaged) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, invalid("damaged")
	}
	return t, err
}

func openXLSX(raw []byte) (*Table, error) {
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, zip.ErrFormat
	}
	if len(archive.File) > maxParts {
		return nil, errLarge
	}
	w := &workbook{parts: map[string]*zip.File{}}
	for _, f := range archive.File {
		w.parts[f.Name] = f
	}
	if err := w.known(); err != nil {
		return nil, err
	}
	main := "xl/workbook.xml"
	links, err := w.links("")
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if strings.HasSuffix(l.kind, "/officeDocument") {
			main = l.part
		}
	}
	return w.read(main)
}

// known tells other documents that are zip files from workbooks.
func (w *workbook) known() error {
	if f := w.parts["mimetype"]; f != nil {
		text, err := w.small("mimetype")
		if err == nil && strings.Contains(text, "opendocument.spreadsheet") {
			return invalid("opendocument")
		}
		return errors.Join(err, invalid("document"))
	}
	switch {
	case w.parts["word/document.xml"] != nil, w.parts["ppt/presentation.xml"] != nil:
		return invalid("document")
	case w.parts["[Content_Types].xml"] == nil:
		return invalid("packed")
	case w.parts["xl/workbook.bin"] != nil:
		return invalid("old-excel")
	}
	return nil
}

// read reads the first sheet that people see.
func (w *workbook) read(main string) (*Table, error) {
	links, err := w.links(main)
	if err != nil {
		return nil, err
	}
	name, part, others, err := w.sheets(main, links)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		switch {
		case strings.HasSuffix(l.kind, "/sharedStrings"):
			err = w.readTexts(l.part)
		case strings.HasSuffix(l.kind, "/styles"):
			err = w.readStyles(l.part)
		}
		if err != nil {
			return nil, err
		}
	}
	var b builder
	if err := w.readRows(part, &b); err != nil {
		return nil, err
	}
	t, err := b.table(XLSX)
	if err != nil {
		return nil, err
	}
	t.Sheet, t.Others = name, others
	return t, nil
}

// link leads from one part to another.
type link struct{ id, kind, part string }

// links are those of a part, or of the whole file where part is empty. Those that lead out of the file are left out.
func (w *workbook) links(part string) (all []link, err error) {
	folder, base := path.Split(part)
	list := folder + "_rels/" + base + ".rels"
	if w.parts[list] == nil {
		return nil, nil
	}
	err = w.each(list, maxSmall, func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" && attribute(e, "TargetMode") != "External" {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join(folder, target)
			}
			all = append(all, link{attribute(e, "Id"), attribute(e, "Type"), strings.TrimPrefix(path.Clean(target), "/")})
		}
		return nil
	})
	return all, err
}

// sheets finds the first visible sheet, and how many more there are.
func (w *workbook) sheets(main string, links []link) (name, part string, others int, err error) {
	if w.parts[main] == nil {
		return "", "", 0, invalid("packed")
	}
	err = w.each(main, maxSmall, func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			w.since = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case "sheet":
			if state := attribute(e, "state"); state == "hidden" || state == "veryHidden" {
				return nil
			}
			for _, l := range links {
				// The id of the link is the only attribute with a prefix; the sheet's own is sheetId.
				if l.id == attribute(e, "id") && strings.HasSuffix(l.kind, "/worksheet") {
					if part != "" {
						others++
						return nil
					}
					name, part = attribute(e, "name"), l.part
				}
			}
		}
		return nil
	})
	if err == nil && w.parts[part] == nil {
		err = invalid("no-rows")
	}
	return name, part, others, err
}

// small is the text of a part that is a line.
func (w *workbook) small(part string) (string, error) {
	r, err := w.parts[part].Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, 200))
	return string(text), err
}

// each calls do for every element of a part that begins.
func (w *workbook) each(part string, most int64, do func(*xml.Decoder, xml.StartElement) error) error {
	f := w.parts[part]
	if f == nil {
		return zip.ErrFormat
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(&bounded{from: r, left: most})
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, is := token.(xml.StartElement); is {
			if err := do(d, e); err != nil {
				return err
			}
		}
	}
}

// text is what stands in the element that has begun, until it ends. Of the elements in it only those that do says.
func text(d *xml.Decoder, name string, within func(name string) bool) (string, error) {
	var all strings.Builder
	depth := map[bool]int{}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth[within(token.Name.Local)]++
		case xml.EndElement:
			if token.Name.Local == name && depth[true]+depth[false] == 0 {
				return all.String(), nil
			}
			depth[within(token.Name.Local)]--
		case xml.CharData:
			if depth[false] == 0 {
				all.Write(token)
			}
			if all.Len() > 2*maxCell {
				return "", errLarge
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// bounded ends a part that is too long, or in which too much stands between two signs of markup: the parser would keep all of that.
type bounded struct {
	from  io.Reader
	left  int64
	since int
}

func (b *bounded) Read(into []byte) (int, error) {
	n, err := b.from.Read(into[:min(len(into), 4096)]) // what stands between two signs within one piece is short then
	if b.left -= int64(n); b.left < 0 {
		return 0, errLarge
	}
	last := bytes.LastIndexByte(into[:n], '<')
	if first := bytes.IndexByte(into[:n], '<'); first >= 0 {
		b.since += first
	} else {
		b.since += n
	}
	if b.since > 8*maxCell {
		return 0, errLarge
	}
	if last >= 0 {
		b.since = n - last
	}
	return n, err
}
