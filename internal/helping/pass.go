// An access pass for somebody: given, printed, cancelled.
package helping

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// helperPasses bounds what somebody with a helper's browser can do before it is noticed.
var helperPasses = limit.Rule{Name: "helper-pass", Max: 20, Window: day}

// hours are for how long a pass may be given: by a helper a day at most.
func hours(role directory.Role) []int {
	if role == directory.Administrator {
		return []int{1, 4, 24, 7 * 24, 30 * 24}
	}
	return []int{1, 4, 24}
}

type passPage struct {
	personRow
	Hours         []int
	Chosen        int
	Administrator bool
	From          string // as it was typed
	Several       bool
	Has           string // until when the pass works that they have, or empty
}

func (h *Helping) askPass(w http.ResponseWriter, r *http.Request) error { return h.showPass(w, r, nil) }

func (h *Helping) showPass(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	role := session.Of(r).User.Role
	data := passPage{Hours: hours(role), Chosen: 1, Administrator: role == directory.Administrator, From: r.PostFormValue("from"),
		Several: r.PostFormValue("several") == "yes"}
	if chosen, err := strconv.Atoi(r.PostFormValue("hours")); err == nil {
		data.Chosen = chosen
	}
	err := h.view(r, func(tx *db.Tx, person directory.User) error {
		data.personRow, data.Has = personRow{person.ID, person.Name(), person.Username}, ""
		methods, err := signin.Methods(tx, person.ID)
		if pass := signin.PassOf(methods); pass != nil {
			data.Has = page.VisitOf(r).Locale.Moment(pass.ExpiresAt, tx.Now)
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/pass", data, page.Wrong(page.One(wrong)))
}

// terms are what was chosen in the form. What a role may not choose is not read.
func terms(r *http.Request, role directory.Role, l *page.Locale) (t signin.PassTerms, wrong *problem.Problem) {
	if r.PostFormValue("spoken") != "yes" {
		return t, problem.Field("spoken", "helping.spoken.missing")
	}
	chosen, err := strconv.Atoi(r.PostFormValue("hours"))
	if err != nil || !slices.Contains(hours(role), chosen) {
		return t, problem.Field("hours", "helping.pass.hours.choose")
	}
	t.Life = time.Duration(chosen) * time.Hour
	if role != directory.Administrator {
		t.Alone = true
		return t, nil
	}
	t.Several = r.PostFormValue("several") == "yes"
	if from := r.PostFormValue("from"); from != "" {
		if t.From, err = l.ReadMoment(from); err != nil {
			return t, problem.Field("from", "helping.pass.from.odd")
		}
	}
	return t, nil
}

// problemOf is a problem of the form in err, or nil.
func problemOf(err error) *problem.Problem {
	if problem.Is(err, problem.Invalid) || problem.Is(err, problem.Limited) {
		return problem.Of(err)
	}
	return nil
}

// givePass gives a pass, tells the person in every way that is known, and shows it once.
func (h *Helping) givePass(w http.ResponseWriter, r *http.Request) error {
	l := page.VisitOf(r).Locale
	var data givenPage
	err := h.change(r, func(tx *db.Tx, helper, person directory.User) error {
		t, wrong := terms(r, helper.Role, l)
		if wrong != nil {
			return wrong
		}
		if person.Status != directory.Active {
			return problem.New(problem.Invalid, "helping.not-active")
		}
		if helper.Role == directory.Helper {
			t.By = []string{helper.ID}
			if wait, err := helperPasses.Take(tx, helper.ID); err != nil || wait > 0 {
				return errOr(err, problem.New(problem.Limited, "helping.too-many").After(wait))
			}
		}
		pass, err := h.Issue(tx, helper.ID, person, t)
		if err != nil {
			return err
		}
		data = h.given(person, pass, t, l, tx.Now)
		return h.Flow.Tell(tx, person, "helping.notice.pass", nil, "helper", helper.Name())
	})
	if wrong := problemOf(err); wrong != nil {
		return h.showPass(w, r, wrong)
	}
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/given", data)
}

// errOr is err, or the other where there is none.
func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

type givenPage struct {
	personRow
	Pass           string
	Spelt          []string
	Language       string // in which it is spelt
	From, Until    string // From is empty where it works now
	Several, Alone bool
	Letter         bool // it may be printed
}

// given is a new pass as it is shown, once; it is spelt in the language of who will hear it.
func (h *Helping) given(person directory.User, pass string, t signin.PassTerms, l *page.Locale, now time.Time) givenPage {
	theirs := l
	if own := h.Pages.Locales.Find(person.Locale); own != nil {
		theirs = own
	}
	data := givenPage{personRow: personRow{person.ID, person.Name(), person.Username}, Pass: pass, Spelt: h.Spell(theirs, pass), Language: theirs.Code,
		Until: l.Moment(now.Add(t.Life), now), Several: t.Several, Alone: t.Alone, Letter: t.Life >= day}
	if t.From.After(now) {
		data.From, data.Until = l.Moment(t.From, now), l.Moment(t.From.Add(t.Life), now)
	}
	return data
}

// letter is the pass on paper. It comes back from the page in the body of a form, never in an address, because it is stored
// nowhere; only the pass that the person has is printed.
func (h *Helping) letter(w http.ResponseWriter, r *http.Request) error {
	var document []byte
	err := h.view(r, func(tx *db.Tx, person directory.User) (err error) {
		document, err = h.Letter(tx, person, r.PostFormValue("pass"))
		return err
	})
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/pdf")
	header.Set("Content-Disposition", `attachment; filename="access-pass.pdf"`)
	header.Set("Cache-Control", "no-store")
	_, err = w.Write(document)
	return err
}

func (h *Helping) askCancel(w http.ResponseWriter, r *http.Request) error {
	var data personRow
	err := h.view(r, func(_ *db.Tx, person directory.User) error {
		data = personRow{person.ID, person.Name(), person.Username}
		return nil
	})
	if err != nil {
		return err
	}
	return h.Pages.Show(w, r, "helping/cancel", data)
}

func (h *Helping) cancelPass(w http.ResponseWriter, r *http.Request) error {
	err := h.change(r, func(tx *db.Tx, helper, person directory.User) error {
		_, err := h.Flow.CancelPass(tx, helper.ID, person)
		return err
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/helping/people/"+r.PathValue("id")+"?done=cancelled")
}
