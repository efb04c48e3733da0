package sip

import (
	"net/netip"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	f := newFake(t, "udp")
	set, err := f.config().check()
	if err != nil {
		t.Fatal(err)
	}
	l := &line{set: set, friends: map[netip.Addr]bool{}}
	server := netip.MustParseAddrPort("203.0.113.1:5060")
	for name, test := range map[string]struct {
		contact, hop string
		routes       []string
	}{
		"the target":                 {"sip:x@203.0.113.9:5070", "203.0.113.9:5070", nil},
		"the target's usual port":    {"sip:x@203.0.113.9", "203.0.113.9:5060", nil},
		"by a proxy":                 {"sip:x@203.0.113.9", "203.0.113.7:5080", []string{"<sip:203.0.113.8;lr>", "<sip:203.0.113.7:5080;lr>"}},
		"by two, in one line":        {"sip:x@203.0.113.9", "203.0.113.7:5080", []string{"<sip:203.0.113.8;lr>, <sip:203.0.113.7:5080;lr;x=a,b>"}},
		"within the trunk's network": {"sip:x@10.1.2.3", "203.0.113.1:5060", nil},
		"on itself":                  {"sip:x@127.0.0.1", "203.0.113.1:5060", nil},
		"a name":                     {"sip:x@gw.example", "203.0.113.1:5060", nil},
		"none":                       {"", "203.0.113.1:5060", nil},
	} {
		d := newDialog(l, server, set.address("a"), set.address("b"), set.address("b"))
		res := sip.NewResponse(200, "OK")
		to := sip.ToHeader{Params: sip.NewParams()}
		to.Params.Add("tag", "t")
		res.AppendHeader(&to)
		if test.contact != "" {
			res.AppendHeader(sip.NewHeader("Contact", "<"+test.contact+">"))
		}
		for _, route := range test.routes {
			res.AppendHeader(sip.NewHeader("Record-Route", route))
		}
		d.establish(res)
		if d.hop.String() != test.hop {
			t.Errorf("%s: requests go to %s, not to %s", name, d.hop, test.hop)
		}
		if len(test.routes) > 0 && len(d.routes) != 2 {
			t.Errorf("%s: the routes are %q", name, d.routes)
		}
	}
}
