package authenticator

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rsc.io/qr"
)

const longest = "a.very.long.user.name.of.a.county.volunteer@scouts-of-northwold.example"

func TestTheDrawingIsTheCode(t *testing.T) {
	for _, text := range []string{"a", "0123456789", URI("Scouts", "u", rfcSecret), URI("Northwold County Scouts", longest, rfcSecret), strings.Repeat("z", 2000)} {
		code, err := qr.Encode(text, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := QR(text, "QR code")
		if err != nil {
			t.Fatal(err)
		}
		dark, size := rasterise(t, string(drawn))
		if size != code.Size+8 {
			t.Fatalf("%d modules wide with its margin, for a code of %d", size, code.Size)
		}
		for y := range size {
			for x := range size {
				if dark[[2]int{x, y}] != code.Black(x-4, y-4) { // white all round, for Black is false outside
					t.Fatalf("%.20s: module %d,%d is wrong", text, x, y)
				}
			}
		}
	}
}

func TestTheDrawingIsSmall(t *testing.T) {
	for _, row := range []struct {
		issuer, account string
		most            int
	}{
		{"Northwold County", "aisha.khan", 10_000},
		{"Northwold County Scouts", longest, 10_000},
		{strings.Repeat("ᚠ", 99), strings.Repeat("𐌰", 999), 32_000}, // the worst that a name can do
	} {
		drawn, err := QR(URI(row.issuer, row.account, rfcSecret), "QR code")
		if err != nil {
			t.Fatal(err)
		}
		if len(drawn) > row.most {
			t.Errorf("%.20s: %d bytes, want at most %d", row.account, len(drawn), row.most)
		}
		t.Logf("%.20s: %d bytes", row.account, len(drawn))
	}
}

func TestTheDrawingIsSafeInAPage(t *testing.T) {
	drawn, err := QR("text", `"><script>alert('&')</script>`)
	if err != nil {
		t.Fatal(err)
	}
	var label string
	decoder := xml.NewDecoder(strings.NewReader(string(drawn)))
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !strings.Contains(" svg rect path ", " "+element.Name.Local+" ") {
			t.Errorf("element %s", element.Name.Local)
		}
		for _, attr := range element.Attr {
			if attr.Name.Local == "style" || strings.HasPrefix(attr.Name.Local, "on") {
				t.Errorf("attribute %s, which a strict content security policy blocks", attr.Name.Local)
			}
			if attr.Name.Local == "aria-label" {
				label = attr.Value
			}
		}
	}
	if label != `"><script>alert('&')</script>` {
		t.Errorf("label %q", label)
	}
	if !strings.Contains(string(drawn), `role="img"`) || !strings.Contains(string(drawn), `fill="#fff"`) {
		t.Error("the drawing has no role or no white ground")
	}
}

func TestTextTooLongForAQRCode(t *testing.T) {
	if drawn, err := QR(strings.Repeat("x", 100_000), ""); err == nil || drawn != "" {
		t.Errorf("drew %d bytes", len(drawn))
	}
}

func TestACameraReadsTheCode(t *testing.T) {
	rsvg, zbarimg := program(t, "rsvg-convert"), program(t, "zbarimg")
	for i, uri := range []string{
		URI("Northwold County", "aisha.khan", rfcSecret),
		URI("Sgowtiaid Môn & Arfon", "siân@môn.example", rfcSecret),
		URI("جوالة", "ياسمين", rfcSecret),
		URI("Northwold County Scouts", longest, rfcSecret),
		"https://signin.northwold.example/authenticator/#" + ownURI("Northwold County", "aisha.khan", rfcSecret, strings.Repeat("Zz", 21)+"Z"),
		"https://signin.scouts-of-northwold.example/authenticator/#" + ownURI("Northwold County Scouts", longest, rfcSecret, strings.Repeat("Zz", 21)+"Z"),
	} {
		drawn, err := QR(uri, "QR code")
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []string{"208", "416", "417"} { // as on the page, on a sharp screen, and not a whole number of pixels
			svg, png := filepath.Join(t.TempDir(), "code.svg"), filepath.Join(t.TempDir(), "code.png")
			if err := os.WriteFile(svg, []byte(drawn), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(rsvg, "--background-color=black", "--width="+width, "--output="+png, svg).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			out, err := exec.Command(zbarimg, "--quiet", "--raw", "--nodbus", png).Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != uri {
				t.Errorf("code %d at %s pixels: %v, read %q, want %q", i, width, err, got, uri)
			}
		}
	}
}

var (
	viewBox  = regexp.MustCompile(`viewBox="0 0 (\d+) \d+"`)
	pathData = regexp.MustCompile(` d="([^"]*)"`)
	command  = regexp.MustCompile(`[Mmh][0-9. ]+`)
)

// rasterise draws the path again, from what stands in the SVG.
func rasterise(t *testing.T, svg string) (dark map[[2]int]bool, size int) {
	t.Helper()
	fmt.Sscan(viewBox.FindStringSubmatch(svg)[1], &size)
	dark = map[[2]int]bool{}
	var x, y int
	path := pathData.FindStringSubmatch(svg)[1]
	if strings.Join(command.FindAllString(path, -1), "") != path {
		t.Fatalf("the path has other commands than M, m and h: %.80s", path)
	}
	for _, c := range command.FindAllString(path, -1) {
		var err error
		switch n := 0; c[0] {
		case 'M':
			_, err = fmt.Sscanf(c, "M%d %d.5", &x, &y)
		case 'm':
			_, err = fmt.Sscanf(c, "m%d 0", &n)
			x += n
		case 'h':
			_, err = fmt.Sscanf(c, "h%d", &n)
			for range n {
				dark[[2]int{x, y}] = true
				x++
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
	}
	return dark, size
}
