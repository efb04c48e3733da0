// Reading what apps send: requests to sign in and to sign out, and answers to ours.
package samltoken

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// Message is what all messages have (Core section 3.2).
type Message struct {
	ID           string
	Issuer       string
	Destination  string
	At           time.Time // IssueInstant
	InResponseTo string    // of answers
}

// Comparison says what classes are wanted beside those that are named (Core section 3.3.2.2.1).
type Comparison string

// The comparisons.
const (
	Exact   Comparison = "exact"
	Minimum Comparison = "minimum"
	Maximum Comparison = "maximum"
	Better  Comparison = "better"
)

// AuthnRequest asks for a sign-in (Core section 3.4.1).
type AuthnRequest struct {
	Message
	Force      bool
	Passive    bool
	ACS        string // address for the answer, or empty
	ACSIndex   *int   // number of a registered one, or nil
	Binding    string // of the answer, or empty
	Format     string // wanted of the name, or empty
	Qualifier  string // SPNameQualifier wanted, or empty
	Subject    *NameID
	Classes    []string // RequestedAuthnContext
	Comparison Comparison
	ByDecl     bool // it names declarations, which nobody here understands
}

// LogoutOrder is a LogoutRequest that came (Core section 3.7.1).
type LogoutOrder struct {
	Message
	Until    time.Time // NotOnOrAfter, or zero
	Subject  NameID
	Sessions []string
}

// LogoutAnswer is a LogoutResponse that came.
type LogoutAnswer struct {
	Message
	Success bool
}

// Bounds of what is echoed or stored.
const (
	longestID   = 256
	longestName = 1024 // of an entity id (Core section 8.3.6), an address or a name
	mostValues  = 20   // of one kind
)

var idForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// ReadMessage reads what the element has of all messages, whichever it is.
func ReadMessage(root *etree.Element) (Message, error) {
	f := &reader{root: root}
	m := f.message(root.Tag)
	return m, f.err
}

// ReadAuthnRequest reads the element.
func ReadAuthnRequest(root *etree.Element) (q AuthnRequest, err error) {
	f := &reader{root: root}
	q.Message = f.message("AuthnRequest")
	q.Force, q.Passive = f.yes("ForceAuthn"), f.yes("IsPassive")
	q.ACS, q.Binding = f.attr(root, "AssertionConsumerServiceURL"), f.attr(root, "ProtocolBinding")
	if index := f.attr(root, "AssertionConsumerServiceIndex"); index != "" {
		n, err := strconv.ParseUint(index, 10, 16)
		f.fail(err)
		number := int(n)
		q.ACSIndex = &number
		if q.ACS != "" || q.Binding != "" {
			f.fail(errors.New("an address for the answer is given twice")) // Core section 3.4.1
		}
	}
	if policy := f.one(root, Protocol, "NameIDPolicy"); policy != nil {
		q.Format, q.Qualifier = f.attr(policy, "Format"), f.attr(policy, "SPNameQualifier")
	}
	if subject := f.one(root, AssertionSpace, "Subject"); subject != nil {
		name := f.name(subject)
		q.Subject = &name
	}
	if wanted := f.one(root, Protocol, "RequestedAuthnContext"); wanted != nil {
		q.Comparison = Comparison(f.attr(wanted, "Comparison"))
		switch q.Comparison {
		case "":
			q.Comparison = Exact
		case Exact, Minimum, Maximum, Better:
		default:
			f.fail(fmt.Errorf("there is no comparison %q", q.Comparison))
		}
		q.Classes = f.texts(wanted, AssertionSpace, "AuthnContextClassRef")
		q.ByDecl = len(f.texts(wanted, AssertionSpace, "AuthnContextDeclRef")) > 0
	}
	return q, f.err
}

// ReadLogoutOrder reads the element.
func ReadLogoutOrder(root *etree.Element) (o LogoutOrder, err error) {
	f := &reader{root: root}
	o.Message = f.message("LogoutRequest")
	if until := f.attr(root, "NotOnOrAfter"); until != "" {
		o.Until = f.time(until)
	}
	o.Subject = f.name(root)
	o.Sessions = f.texts(root, Protocol, "SessionIndex")
	return o, f.err
}

// ReadLogoutAnswer reads the element.
func ReadLogoutAnswer(root *etree.Element) (a LogoutAnswer, err error) {
	f := &reader{root: root}
	a.Message = f.message("LogoutResponse")
	state := f.one(root, Protocol, "Status")
	if state == nil {
		return a, errors.New("the answer has no status")
	}
	if code := f.one(state, Protocol, "StatusCode"); code != nil {
		a.Success = f.attr(code, "Value") == Success.Code && len(code.ChildElements()) == 0
	}
	return a, f.err
}

// reader remembers the first thing that was wrong.
type reader struct {
	root *etree.Element
	err  error
}

func (f *reader) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *reader) message(tag string) Message {
	if f.root.Tag != tag || f.root.NamespaceURI() != Protocol || f.attr(f.root, "Version") != "2.0" {
		f.fail(fmt.Errorf("this is no %s of SAML 2.0", tag))
		return Message{}
	}
	m := Message{ID: f.attr(f.root, "ID"), Destination: f.attr(f.root, "Destination"), InResponseTo: f.attr(f.root, "InResponseTo"),
		At: f.time(f.attr(f.root, "IssueInstant"))}
	if len(m.ID) > longestID || !idForm.MatchString(m.ID) {
		f.fail(errors.New("the message has no id"))
	}
	issuer := f.one(f.root, AssertionSpace, "Issuer")
	if issuer == nil {
		f.fail(errors.New("the message does not say whose it is"))
		return m
	}
	m.Issuer = f.text(issuer)
	return m
}

func (f *reader) attr(el *etree.Element, name string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			if len(a.Value) > longestName {
				f.fail(fmt.Errorf("%s is too long", name))
			}
			return a.Value
		}
	}
	return ""
}

func (f *reader) yes(name string) bool {
	switch f.attr(f.root, name) {
	case "true", "1":
		return true
	case "false", "0", "":
		return false
	}
	f.fail(fmt.Errorf("%s is neither true nor false", name))
	return false
}

func (f *reader) time(value string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, value)
	f.fail(err)
	return t
}

// text is the text of an element that holds nothing else.
func (f *reader) text(el *etree.Element) string {
	text := strings.TrimSpace(el.Text())
	if len(el.ChildElements()) > 0 || text == "" || len(text) > longestName {
		f.fail(fmt.Errorf("%s is empty or too long, or has elements in it", el.Tag))
	}
	return text
}

// one is the child element of that name, or nil.
func (f *reader) one(el *etree.Element, space, tag string) *etree.Element {
	all := named(el, space, tag)
	if len(all) > 1 {
		f.fail(fmt.Errorf("%s stands twice", tag))
	}
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

func (f *reader) texts(el *etree.Element, space, tag string) (texts []string) {
	all := named(el, space, tag)
	if len(all) > mostValues {
		f.fail(fmt.Errorf("there are more than %d of %s", mostValues, tag))
		return nil
	}
	for _, one := range all {
		texts = append(texts, f.text(one))
	}
	return texts
}

func (f *reader) name(parent *etree.Element) NameID {
	el := f.one(parent, AssertionSpace, "NameID")
	if el == nil {
		f.fail(errors.New("there is no name that can be read")) // an EncryptedID cannot
		return NameID{}
	}
	n := NameID{Format: f.attr(el, "Format"), Value: f.text(el), Qualifier: f.attr(el, "NameQualifier"), ReceivedBy: f.attr(el, "SPNameQualifier")}
	if n.Format == "" {
		n.Format = Unspecified // Core section 2.2.2
	}
	return n
}

func named(el *etree.Element, space, tag string) (all []*etree.Element) {
	for _, child := range el.ChildElements() {
		if child.Tag == tag && child.NamespaceURI() == space {
			all = append(all, child)
		}
	}
	return all
}
