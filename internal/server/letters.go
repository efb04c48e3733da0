// The letters of the demonstration: what would be e-mail is shown on the page /handset/letters.
package server

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"woggle/internal/message"
	"woggle/internal/page"
)

//go:embed pages/*.html
var demoPages embed.FS

// mostLetters is how many are kept. The oldest goes first.
const mostLetters = 200

// letter is an e-mail as it would have arrived.
type letter struct {
	To         string    `json:"to"`
	Subject    string    `json:"subject"`
	Paragraphs []string  `json:"paragraphs"`
	Label      string    `json:"label,omitempty"` // of the link
	Link       string    `json:"link,omitempty"`
	Locale     string    `json:"locale"`
	At         time.Time `json:"at"`
}

// letterbox is a mail server that keeps everything for itself.
type letterbox struct {
	now   func() time.Time
	pages *page.Renderer

	mu      sync.Mutex
	letters []letter // oldest first
}

// Send keeps the letter.
func (b *letterbox) Send(_ context.Context, m message.Message) (receipt string, err error) {
	one := letter{To: m.To, Subject: m.Subject, Paragraphs: m.Paragraphs, Locale: m.Locale, At: b.now()}
	if m.Button != nil {
		one.Label, one.Link = m.Button.Label, m.Button.URL
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = append(b.letters, one)
	b.letters = b.letters[max(0, len(b.letters)-mostLetters):]
	return "", nil
}

// newest are the letters to an address, or to all, the newest first.
func (b *letterbox) newest(to string) []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []letter{}
	for _, one := range slices.Backward(b.letters) {
		if to == "" || strings.EqualFold(one.To, to) {
			found = append(found, one)
		}
	}
	return found
}

type lettersPage struct {
	Letters []letter
	Now     time.Time
}

func (b *letterbox) show(w http.ResponseWriter, r *http.Request) error {
	return b.pages.Show(w, r, "server/letters", lettersPage{b.newest(r.URL.Query().Get("to")), b.now()})
}

// list gives the same to a script.
func (b *letterbox) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(b.newest(r.URL.Query().Get("to")))
}
