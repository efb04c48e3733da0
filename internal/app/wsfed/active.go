// WS-Trust, the active requestor: a program that brings a name and a password, and no second step.
//
// Microsoft 365 wants addresses for it, and some old programs try them. They are also where passwords of whole
// organisations are sprayed, because nothing there can ask for a second step. So the addresses are there, say what
// they are in the documented form, and refuse everybody without reading a byte of what was sent.
package wsfed

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"net/http"
	"strings"
)

//go:embed mex.xml
var mexTemplate string

// exchange is the metadata exchange of WS-Trust: a description (WSDL 1.1) of the active address.
func (p *Provider) exchange(w http.ResponseWriter, _ *http.Request) {
	var address bytes.Buffer
	if err := xml.EscapeText(&address, []byte(p.Base+activePath)); err != nil {
		panic(err) // unreachable: a buffer takes all
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write([]byte(strings.ReplaceAll(mexTemplate, "{active}", address.String())))
}

// refusal is a fault of SOAP 1.2 (part 1 section 5.4) with the code of WS-Trust (section 11) for a failed sign-in.
const refusal = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">` +
	`<s:Header><a:Action s:mustUnderstand="1">http://www.w3.org/2005/08/addressing/soap/fault</a:Action></s:Header>` +
	`<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>` +
	`<s:Subcode><s:Value xmlns:wst="http://schemas.xmlsoap.org/ws/2005/02/trust">wst:FailedAuthentication</s:Value></s:Subcode></s:Code>` +
	`<s:Reason><s:Text xml:lang="en">A password is not enough here. Sign in with a web browser.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>
`

// refuse never reads the body: there may be a password in it, and we want to know nothing of it. What is not read is
// not hashed, not counted against anybody, not logged.
func (p *Provider) refuse(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusBadRequest) // of a fault that the sender is to blame for (SOAP 1.2 part 2 section 7.5.2.2)
	w.Write([]byte(refusal))
}
