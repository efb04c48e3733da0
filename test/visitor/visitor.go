// Opening pages and sending forms.
package visitor

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Visitor is one browser. It is not safe for several goroutines, as a browser's window is not.
type Visitor struct {
	Base   string // address of the site, without a slash at the end
	Client *http.Client
	Header http.Header // sent with every request, such as Accept-Language
}

// New is a visitor without cookies who follows redirects.
func New(base string) *Visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // unreachable: no options are given
	}
	return &Visitor{Base: strings.TrimSuffix(base, "/"), Client: &http.Client{Jar: jar}, Header: http.Header{}}
}

// Page is what the visitor sees.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   string
	Forms  []*Form
	Links  []string
	Title  string
	Text   string // all that is to be read, with single spaces
}

// Form is a form with what stands in its fields.
type Form struct {
	Action  string
	Method  string
	Values  url.Values
	Fields  []Field
	Buttons []Button
}

// Field is one input.
type Field struct{ Name, Type, Autocomplete string }

// Button sends a form.
type Button struct{ Name, Value, Text string }

// Open goes to a path of the site, or to a full address.
func (v *Visitor) Open(path string) (*Page, error) {
	request, err := http.NewRequest(http.MethodGet, v.absolute(path), nil)
	if err != nil {
		return nil, err
	}
	return v.Do(request)
}

// Send sends a form by a button, which may be nil.
func (v *Visitor) Send(f *Form, button *Button) (*Page, error) {
	values := url.Values{}
	for name, all := range f.Values {
		values[name] = slices.Clone(all)
	}
	if button != nil && button.Name != "" {
		values.Set(button.Name, button.Value)
	}
	if f.Method != http.MethodPost {
		return v.Open(f.Action + "?" + values.Encode())
	}
	return v.Post(f.Action, values)
}

// Post sends values to a path.
func (v *Visitor) Post(path string, values url.Values) (*Page, error) {
	request, err := http.NewRequest(http.MethodPost, v.absolute(path), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.Do(request)
}

// Do sends any request and reads the page that comes of it.
func (v *Visitor) Do(request *http.Request) (*Page, error) {
	for name, values := range v.Header {
		if request.Header.Get(name) == "" {
			request.Header[name] = values
		}
	}
	response, err := v.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	p := &Page{Status: response.StatusCode, URL: response.Request.URL, Header: response.Header, Body: string(body)}
	return p, p.read()
}

func (v *Visitor) absolute(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	return v.Base + path
}

// Form is the first form with a field of the autocomplete token or name, or whose action is what.
func (p *Page) Form(what string) (*Form, error) {
	for _, f := range p.Forms {
		if f.Action == what || f.name(what) != "" {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no form for %q on %s (status %d): %.300s", what, p.URL, p.Status, p.Text)
}

// Set fills the field with the autocomplete token or the name.
func (f *Form) Set(what, value string) *Form {
	name := f.name(what)
	if name == "" {
		name = what
	}
	f.Values.Set(name, value)
	return f
}

func (f *Form) name(what string) string {
	for _, field := range f.Fields {
		if field.Name == what || slices.Contains(strings.Fields(field.Autocomplete), what) {
			return field.Name
		}
	}
	return ""
}

// Press finds the button with the text, or nil.
func (f *Form) Press(text string) *Button {
	for i := range f.Buttons {
		if strings.Contains(f.Buttons[i].Text, text) {
			return &f.Buttons[i]
		}
	}
	return nil
}

func (p *Page) read() error {
	document, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return err
	}
	var form *Form
	var words []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
		outer := form
		switch n.Data {
		case "script", "style":
			return
		case "title":
			p.Title = inner(n)
		case "a":
			p.Links = append(p.Links, attr(n, "href"))
		case "form":
			form = &Form{Action: attr(n, "action"), Method: strings.ToUpper(attr(n, "method")), Values: url.Values{}}
			if form.Action == "" {
				form.Action = p.URL.RequestURI()
			}
			p.Forms = append(p.Forms, form)
		case "input", "select", "textarea", "button":
			if form != nil {
				form.take(n)
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child)
		}
		if n.Data == "form" {
			form = outer
		}
	}
	walk(document)
	p.Text = strings.Join(words, " ")
	return nil
}

// take puts an input with what stands in it into the form.
func (f *Form) take(n *html.Node) {
	name, value, kind := attr(n, "name"), attr(n, "value"), attr(n, "type")
	switch n.Data {
	case "button":
		f.Buttons = append(f.Buttons, Button{name, value, inner(n)})
		return
	case "select":
		for option := range n.Descendants() {
			if option.Data == "option" && (has(option, "selected") || !f.Values.Has(name)) {
				f.Values.Set(name, attr(option, "value"))
			}
		}
	case "textarea":
		f.Values.Set(name, inner(n))
	default:
		if name != "" && (kind != "checkbox" && kind != "radio" || has(n, "checked")) {
			f.Values.Add(name, value)
		}
	}
	if name != "" {
		f.Fields = append(f.Fields, Field{name, kind, attr(n, "autocomplete")})
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func inner(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}
