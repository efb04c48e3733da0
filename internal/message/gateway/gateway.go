// The request to a gateway, and what its answer means.

package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// Config says how one gateway is spoken to. The texts of URL, Headers and Body may hold {to} (as +447…), {to_digits} (the same
// without the plus), {text}, {sender}, {id} (ours of the message) and {secret}.
type Config struct {
	URL         string
	Method      string            // empty is POST
	Headers     map[string]string // by name
	Body        string            // empty for GET
	ContentType string            // of the body; empty is a form
	Secret      string            // the value of {secret}, kept apart from the templates

	Statuses []int  // of success; empty are 200 to 299
	Success  string // what the body says then besides: a rule, or empty
	Never    string // what the body of a refusal says when it is for good: a rule, or empty
	Receipt  string // where the gateway's id of the message stands in the body: json:PATH, or a regular expression with one group

	Callback    string // public address of the route's callbacks
	Token       string // the secret part of its address; empty takes no callbacks
	IDField     string // of a callback: our {id}, or the gateway's
	StatusField string
	Delivered   []string // values of StatusField
	Undelivered []string
}

// Gateway is a provider of texts.
type Gateway struct {
	Config
	desk                     message.Desk
	client                   *web.Client
	address, body            template
	headers                  map[string]template
	success, never, receipts *rule
}

// New makes the provider. The error tells all that is wrong with the settings.
func New(c Config, desk message.Desk) (*Gateway, error) {
	g := &Gateway{Config: c, desk: desk, client: web.New(), headers: map[string]template{}}
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	var err error
	if g.Method == "" {
		g.Method = http.MethodPost
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut}, g.Method) {
		note(fmt.Errorf("the method %q is not one of GET, POST, PUT", g.Method))
	}
	if _, err := web.Address(placeholder.ReplaceAllString(c.URL, "x"), "", ""); err != nil {
		note(err)
	}
	if at := strings.IndexByte(c.URL, '{'); at >= 0 && strings.Count(c.URL[:at], "/") < 3 {
		note(errors.New("the host of the address has a placeholder in it: a message could choose where it goes"))
	}
	g.address, err = newTemplate("the address", c.URL, url.QueryEscape)
	note(err)
	if g.ContentType == "" {
		g.ContentType = "application/x-www-form-urlencoded"
	}
	kind, _, err := mime.ParseMediaType(g.ContentType)
	escape, known := escapes[kind]
	if err != nil || !known {
		note(fmt.Errorf("the content type %q is not one of a form, application/json, text/xml, text/plain", g.ContentType))
	}
	g.body, err = newTemplate("the body", c.Body, escape)
	note(err)
	if kind == "application/json" && c.Body != "" && !json.Valid([]byte(placeholder.ReplaceAllString(c.Body, "0"))) {
		note(errors.New("the body is no JSON: put the placeholders between quotes"))
	}
	for name, text := range c.Headers {
		g.headers[name], err = newTemplate("the header "+name, text, oneLine)
		note(err)
		if strings.ContainsFunc(name+text, func(r rune) bool { return r < ' ' }) {
			note(fmt.Errorf("the header %q has a line break in it", name))
		}
	}
	if !g.anywhere("to") && !g.anywhere("to_digits") {
		note(errors.New("neither the address nor the body has {to} or {to_digits} in it: the gateway would not know whom to text"))
	}
	if !g.anywhere("text") {
		note(errors.New("neither the address nor the body has {text} in it"))
	}
	g.success, err = newRule("success", c.Success)
	note(err)
	g.never, err = newRule("never", c.Never)
	note(err)
	g.receipts, err = newRule("receipt", c.Receipt)
	note(err)
	if c.Token != "" && (len(c.Token) < 20 || c.IDField == "" || c.StatusField == "" || len(c.Delivered) == 0) {
		note(errors.New("callbacks need a token of at least 20 characters, the names of the fields for id and status, and what the status says when a text was delivered"))
	}
	return g, errors.Join(wrong...)
}

func (g *Gateway) anywhere(name string) bool { return g.address.has(name) || g.body.has(name) }

// Send hands the text to the gateway.
func (g *Gateway) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	values := map[string]string{"to": m.To, "to_digits": strings.TrimPrefix(m.To, "+"), "text": m.Body, "sender": m.Sender, "id": m.ID, "secret": g.Secret}
	r, err := http.NewRequest(g.Method, g.address.fill(values), strings.NewReader(g.body.fill(values)))
	if err != nil {
		return "", errors.New("the address of the gateway is not one any more with the message in it")
	}
	if g.Body != "" {
		r.Header.Set("Content-Type", g.ContentType)
	}
	for name, text := range g.headers {
		r.Header.Set(name, text.fill(values))
	}
	answer, err := g.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	return g.judge(answer)
}

// judge tells what an answer means.
func (g *Gateway) judge(a web.Answer) (receipt string, err error) {
	good := a.Status >= 200 && a.Status < 300
	if len(g.Statuses) > 0 {
		good = slices.Contains(g.Statuses, a.Status)
	}
	switch {
	case g.never != nil && g.never.matches(a.Body):
		return "", message.Permanent(fmt.Errorf("the gateway refused the number: it answered %d", a.Status))
	case !good:
		return "", a.Refusal("")
	case g.success != nil && !g.success.matches(a.Body):
		return "", fmt.Errorf("the gateway answered %d, and its answer does not say what the rule success asks for", a.Status)
	}
	if g.receipts != nil {
		receipt = g.receipts.value(a.Body)
	}
	return receipt[:min(len(receipt), 200)], nil
}

// rule looks for something in a body: a value of JSON, words, or a regular expression.
type rule struct {
	path    []string // of JSON
	want    string
	any     bool // no value is asked for
	words   string
	pattern *regexp.Regexp
}

// newRule reads json:PATH=VALUE, json:PATH, contains:WORDS or a regular expression.
func newRule(name, text string) (*rule, error) {
	if text == "" {
		return nil, nil
	}
	if path, ok := strings.CutPrefix(text, "json:"); ok {
		path, want, given := strings.Cut(path, "=")
		return &rule{path: strings.Split(path, "."), want: want, any: !given}, nil
	}
	if words, ok := strings.CutPrefix(text, "contains:"); ok && words != "" {
		return &rule{words: words}, nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the rule %s is neither json:PATH=VALUE nor contains:WORDS nor a regular expression", name)
	}
	return &rule{pattern: pattern}, nil
}

func (r *rule) matches(body []byte) bool {
	switch {
	case r.words != "":
		return strings.Contains(string(body), r.words)
	case r.pattern != nil:
		return r.pattern.Match(body)
	}
	value, found := lookUp(body, r.path)
	return found && (r.any || value == r.want)
}

// value is what a rule finds: of a regular expression the first group, or all.
func (r *rule) value(body []byte) string {
	if r.pattern == nil {
		value, _ := lookUp(body, r.path)
		return value
	}
	groups := r.pattern.FindSubmatch(body)
	if len(groups) == 0 {
		return ""
	}
	return string(groups[min(1, len(groups)-1)])
}

// lookUp finds a value in JSON by names and numbers of places, as in messages.0.id.
func lookUp(body []byte, path []string) (string, bool) {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return "", false
	}
	for _, step := range path {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[step]
		case []any:
			place, err := strconv.Atoi(step)
			if err != nil || place < 0 || place >= len(inner) {
				return "", false
			}
			value = inner[place]
		default:
			return "", false
		}
	}
	switch value.(type) {
	case string, json.Number, bool:
		return fmt.Sprint(value), true
	}
	return "", false
}

// Probe tells whether the gateway can be reached. Nothing is asked for.
func (g *Gateway) Probe(ctx context.Context) error {
	return web.Reach(ctx, placeholder.ReplaceAllString(g.URL, "x"))
}
