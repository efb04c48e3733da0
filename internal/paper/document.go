// Pages and their tags, joined to one document (ISO 32000-1 sections 7.7 and 14.7).
package paper

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// About is what a document says of itself.
type About struct {
	Title    string
	Author   string    // the organisation, whose name stands on every page
	Colour   string    // of the organisation, #rrggbb; it is used where it can be read on white, else black
	Language string    // of the title, and of what says nothing else: "en", "cy"
	Made     time.Time // the day on which it is made, as programs show it
}

// document is a PDF being made.
type document struct {
	file
	about         About
	regular, bold *font
	resources     int
	parent        int   // of all pages
	pages         []int // objects
	marks         [][]int
	root          *element
}

// element is a part of what the document says: a heading, a paragraph, a picture (section 14.8.4).
type element struct {
	object    int
	role      string
	language  string
	alternate string // what stands for a picture
	kids      []kid
}

// kid is an element within an element, or what a page shows between two marks.
type kid struct {
	element    *element
	page, mark int
}

func newDocument(about About) (*document, error) {
	d := &document{about: about}
	var err error
	if d.regular, err = readFont("Regular", 80); err != nil {
		return nil, err
	}
	if d.bold, err = readFont("Bold", 130); err != nil {
		return nil, err
	}
	d.parent = d.reserve()
	d.resources = d.add("<< /Font << /F0 %d 0 R /F1 %d 0 R >> >>", d.regular.embed(&d.file), d.bold.embed(&d.file))
	d.root = &element{object: d.reserve(), role: "Document", language: about.Language}
	return d, nil
}

// page is an empty A4 page, whose parts go into the element in. It is put into the document by done.
func (d *document) page(in *element) *sheet {
	return &sheet{doc: d, object: d.reserve(), in: in}
}

// within is a new part of an element.
func (d *document) within(parent *element, role, language string) *element {
	e := &element{object: d.reserve(), role: role, language: language}
	parent.kids = append(parent.kids, kid{element: e})
	return e
}

func (d *document) done(s *sheet) {
	content := d.stream(d.pack(s.out.Bytes()), "")
	d.set(s.object, "<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595.28 841.89] /Resources %d 0 R /Contents %d 0 R /StructParents %d /Tabs /S >>",
		d.parent, d.resources, content, len(d.pages))
	d.pages, d.marks = append(d.pages, s.object), append(d.marks, s.marks)
}

// finish writes what joins the pages.
func (d *document) finish() []byte {
	d.set(d.parent, "<< /Type /Pages /Kids [%s] /Count %d >>", references(d.pages), len(d.pages))
	tree := d.reserve()
	d.write(d.root, tree)
	var parents strings.Builder
	for page, marks := range d.marks {
		fmt.Fprintf(&parents, "%d [%s] ", page, references(marks))
	}
	numbers := d.add("<< /Nums [%s] >>", parents.String())
	d.set(tree, "<< /Type /StructTreeRoot /K %d 0 R /ParentTree %d 0 R /ParentTreeNextKey %d >>", d.root.object, numbers, len(d.pages))
	metadata := d.metadata()
	catalogue := d.add("<< /Type /Catalog /Pages %d 0 R /StructTreeRoot %d 0 R /MarkInfo << /Marked true >> /Lang %s /ViewerPreferences << /DisplayDocTitle true >> /Metadata %d 0 R >>",
		d.parent, tree, quoted(d.about.Language), metadata)
	made := moment(d.about.Made)
	info := d.add("<< /Title %s /Author %s /Producer %s /CreationDate %s /ModDate %s >>", quoted(d.about.Title), quoted(d.about.Author), quoted("Woggle"), made, made)
	return d.bytes(catalogue, info)
}

func (d *document) write(e *element, parent int) {
	var entry strings.Builder
	fmt.Fprintf(&entry, "<< /Type /StructElem /S /%s /P %d 0 R", e.role, parent)
	for _, text := range []struct{ key, value string }{{"Lang", e.language}, {"Alt", e.alternate}} {
		if text.value != "" {
			fmt.Fprintf(&entry, " /%s %s", text.key, quoted(text.value))
		}
	}
	entry.WriteString(" /K [")
	for _, k := range e.kids {
		if k.element != nil {
			fmt.Fprintf(&entry, "%d 0 R ", k.element.object)
		} else {
			fmt.Fprintf(&entry, "<< /Type /MCR /Pg %d 0 R /MCID %d >> ", k.page, k.mark)
		}
	}
	d.set(e.object, "%s] >>", entry.String())
	for _, k := range e.kids {
		if k.element != nil {
			d.write(k.element, e.object)
		}
	}
}

// metadata says title, author and language once more, in the form that newer programs look for (section 14.3.2).
func (d *document) metadata() int {
	escape := func(text string) string {
		var out bytes.Buffer
		_ = xml.EscapeText(&out, []byte(text)) // a buffer takes everything
		return out.String()
	}
	xmp := fmt.Sprintf(`<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`+
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">`+
		`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>`+
		`<dc:language><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:language><xmp:CreateDate>%s</xmp:CreateDate></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`,
		escape(d.about.Title), escape(d.about.Author), escape(d.about.Language), d.about.Made.UTC().Format(time.RFC3339))
	return d.add("<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream", len(xmp), xmp)
}

// ink is the organisation's colour as three parts from 0 to 1, or black where it cannot be read on white (WCAG 2.2 success
// criterion 1.4.3, 4.5 to 1).
func (a About) ink() colour {
	n, err := strconv.ParseUint(strings.TrimPrefix(a.Colour, "#"), 16, 32)
	if err != nil || len(a.Colour) != 7 {
		return black
	}
	c := colour{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
	luminance := 0.0
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		part := c[i] / 12.92
		if c[i] > 0.04045 {
			part = math.Pow((c[i]+0.055)/1.055, 2.4)
		}
		luminance += weight * part
	}
	if 1.05/(luminance+0.05) < 4.5 {
		return black
	}
	return c
}

// language is the one that a part says of itself, or the document's.
func (d *document) language(own string) string { return cmp.Or(own, d.about.Language) }
