// Session timers (RFC 4028): both ends make sure now and then that the other has not forgotten the call.

package sip

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"woggle/internal/message/sip/rtp"
)

// sessionTimer is what we ask for: after how many seconds without a refresh a call is over.
type sessionTimer struct{ seconds, least int }

// usualSession is the interval that the standard recommends, and the least that it allows.
var usualSession = sessionTimer{1800, 90}

// mostSession bounds what a trunk can make us ask for.
const mostSession = 24 * 60 * 60

func (s sessionTimer) put(req *sip.Request) {
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	req.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(s.seconds)))
	if s.least > usualSession.least {
		req.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(s.least)))
	}
}

// longer takes the interval of an answer 422, which says that ours is too short.
func (s *sessionTimer) longer(res *sip.Response) bool {
	least, _ := seconds(res, "Min-SE", "")
	if least <= s.seconds || least > mostSession {
		return false
	}
	s.seconds, s.least = least, least
	return true
}

// headed is a message with headers.
type headed interface{ GetHeader(name string) sip.Header }

// seconds reads a header such as "1800;refresher=uac", by its long or its compact name.
func seconds(msg headed, name, compact string) (n int, refresher string) {
	h := msg.GetHeader(name)
	if h == nil && compact != "" {
		h = msg.GetHeader(compact)
	}
	if h == nil {
		return 0, ""
	}
	value, params, _ := strings.Cut(h.Value(), ";")
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n < 0 {
		return 0, ""
	}
	for param := range strings.SplitSeq(params, ";") {
		if who, found := strings.CutPrefix(strings.TrimSpace(strings.ToLower(param)), "refresher="); found {
			refresher = who
		}
	}
	return n, refresher
}

// keepSession refreshes the call while it lasts, if the answer makes that our part. Where it is the other end's part, a
// refresh that never comes ends nothing: a call is shorter than the shortest session there is.
func (g *leg) keepSession(ctx context.Context, answer *sip.Response) {
	update := strings.Contains(strings.ToUpper(valueOf(answer, "Allow")), "UPDATE")
	for {
		interval, refresher := seconds(answer, "Session-Expires", "x")
		if refresher != "uac" || interval < 2 {
			return
		}
		timer := time.NewTimer(time.Duration(interval) * time.Second / 2)
		select {
		case <-timer.C:
		case <-g.over:
			timer.Stop()
			return
		}
		method := sip.INVITE
		if update {
			method = sip.UPDATE
		}
		res, err := g.refresh(ctx, method, interval)
		switch {
		case err == nil && res.IsSuccess():
			answer = res
		case err != nil || res.StatusCode == 481 || res.StatusCode == 408:
			g.p.set.Log.Warn("a call ends because the trunk does not know it any more", "message", g.m.ID)
			g.forget()
			return
		}
	}
}

// refresh asks for another interval.
func (g *leg) refresh(ctx context.Context, method sip.RequestMethod, interval int) (*sip.Response, error) {
	res, err := g.line.ask(ctx, func() *sip.Request {
		req := g.dialog.request(method)
		req.AppendHeader(sip.NewHeader("Supported", "timer"))
		req.AppendHeader(sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=uac", interval)))
		if method == sip.INVITE {
			g.mu.Lock()
			defer g.mu.Unlock()
			req.AppendHeader(sip.NewHeader("Allow", allowed))
			req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
			req.SetBody(g.local.describe(g.agreed.codecs[:1], rtp.Event, both, []stream{{kind: "audio", proto: "RTP/AVP"}}, 0))
		}
		return req
	})
	if err == nil && res.IsSuccess() {
		g.dialog.refresh(res.Contact())
		if method == sip.INVITE {
			g.ack(res.CSeq().SeqNo)
		}
	}
	return res, err
}

func valueOf(msg headed, name string) string {
	if h := msg.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}
