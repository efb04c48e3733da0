// A lean browser: one kept-alive connection, cookies, pages and forms. A page must cost it next to nothing, because it
// shares the cores with the program that it measures; hence not net/http, and not the visitor of the tests.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// patience is how long a browser waits for an answer. Woggle answers within 2 s plus the hash.
const patience = 30 * time.Second

// browser is not safe for several goroutines. It understands answers as Go's servers write them: header names in their
// canonical spelling, a length or chunks.
type browser struct {
	address string // host:port
	site    string // origin that it takes the address for; empty: http and the address
	extra   string // further header lines, each with a line break in front
	next    string // where it was sent, for walks between sites
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	body    []byte
	cookies [][2]string
	took    *[]time.Duration // of each request, if it is to be noted
	slowest time.Duration    // of all requests
}

func newBrowser(address string) *browser { return &browser{address: address} }

// answer is what came back. Its body is good until the next request.
type answer struct {
	status   int
	location string
	body     []byte
}

// fresh forgets the cookies, as a browser window that was closed.
func (b *browser) fresh() { b.cookies = b.cookies[:0] }

func (b *browser) close() {
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}

func (b *browser) get(path string) (answer, error) { return b.do("GET", path, nil) }

// post sends a form of our own page.
func (b *browser) post(path string, form []byte) (answer, error) { return b.do("POST", path, form) }

// accepted are the headers that a browser of today sends with every page.
const accepted = "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" +
	"\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" +
	"\r\nAccept-Language: en-GB,en;q=0.5\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document" +
	"\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1"

func (b *browser) do(method, path string, form []byte) (a answer, err error) {
	began := time.Now()
	if b.conn == nil {
		if b.conn, err = net.DialTimeout("tcp", b.address, patience); err != nil {
			b.conn = nil
			return a, err
		}
		b.in = bufio.NewReaderSize(b.conn, 16<<10)
	}
	b.conn.SetDeadline(began.Add(patience))
	if _, err = b.conn.Write(b.request(method, path, form)); err == nil {
		a, err = b.read()
	}
	if err != nil {
		b.close()
	}
	took := time.Since(began)
	b.slowest = max(b.slowest, took)
	if b.took != nil {
		*b.took = append(*b.took, took)
	}
	return a, err
}

func (b *browser) request(method, path string, form []byte) []byte {
	origin := b.site
	if origin == "" {
		origin = "http://" + b.address
	}
	_, host, _ := strings.Cut(origin, "://")
	out := append(b.out[:0], method...)
	out = append(append(append(out, ' '), path...), " HTTP/1.1\r\nHost: "...)
	out = append(append(append(out, host...), accepted...), b.extra...)
	for i, c := range b.cookies {
		if i == 0 {
			out = append(out, "\r\nCookie: "...)
		} else {
			out = append(out, "; "...)
		}
		out = append(append(append(out, c[0]...), '='), c[1]...)
	}
	if method == "POST" {
		out = append(append(out, "\r\nOrigin: "...), origin...)
		out = append(out, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(form)), 10)
	}
	out = append(append(out, "\r\n\r\n"...), form...)
	b.out = out
	return out
}

// read reads one answer.
func (b *browser) read() (a answer, err error) {
	line, err := b.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, fmt.Errorf("not an answer: %q", line)
	}
	a.status, err = strconv.Atoi(string(line[9:12]))
	length, chunked, last := 0, false, false
	for err == nil {
		line, err = b.in.ReadSlice('\n')
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Content-Length":
			length, err = strconv.Atoi(string(value))
		case "Transfer-Encoding":
			chunked = true
		case "Location":
			a.location = string(value)
		case "Set-Cookie":
			b.keep(value)
		case "Connection":
			last = string(value) == "close"
		}
	}
	if err == nil {
		err = b.readBody(length, chunked)
	}
	a.body = b.body
	if last {
		b.close()
	}
	return a, err
}

func (b *browser) readBody(length int, chunked bool) error {
	b.body = b.body[:0]
	if !chunked {
		return b.fill(length)
	}
	for {
		line, err := b.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return err
		}
		if err := b.fill(int(size)); err != nil {
			return err
		}
		if _, err := b.in.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}

// fill appends n bytes to the body.
func (b *browser) fill(n int) error {
	begin := len(b.body)
	for cap(b.body) < begin+n {
		b.body = append(b.body[:cap(b.body)], 0)
	}
	b.body = b.body[:begin+n]
	_, err := io.ReadFull(b.in, b.body[begin:])
	return err
}

// keep takes a cookie.
func (b *browser) keep(header []byte) {
	pair, rest, _ := bytes.Cut(header, []byte(";"))
	name, value, _ := bytes.Cut(pair, []byte("="))
	for i := range b.cookies {
		if b.cookies[i][0] == string(name) {
			if bytes.Contains(rest, []byte("Max-Age=0")) {
				b.cookies = append(b.cookies[:i], b.cookies[i+1:]...)
			} else if b.cookies[i][1] != string(value) {
				b.cookies[i][1] = string(value)
			}
			return
		}
	}
	b.cookies = append(b.cookies, [2]string{string(name), string(value)})
}

var errNoForm = errors.New("the form is not on the page")

// formOf is what the hidden fields of the form with the action hold, encoded to be sent. The values that our own pages
// hide are letters, digits and slashes.
func formOf(page []byte, action string) ([]byte, error) {
	_, rest, found := bytes.Cut(page, []byte(`action="`+action+`"`))
	if !found {
		return nil, errNoForm
	}
	form, _, _ := bytes.Cut(rest, []byte("</form>"))
	var out []byte
	for {
		_, field, found := bytes.Cut(form, []byte(`<input type="hidden" name="`))
		if !found {
			return out, nil
		}
		name, after, _ := bytes.Cut(field, []byte(`" value="`))
		value, after, _ := bytes.Cut(after, []byte(`"`))
		out = append(append(append(append(out, name...), '='), value...), '&')
		form = after
	}
}
