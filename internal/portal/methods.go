// The changes of a person's methods: add, update, rename, remove, default. The flow makes them.
package portal

import (
	"net/http"
	"slices"
	"strconv"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// kindRow is a kind that may be set up.
type kindRow struct {
	Kind  signin.Kind
	Title string
	Full  bool // there are as many as there may be
	Most  int
}

// kinds are what this server can set up now.
func (p *Portal) kinds(methods []signin.Enrolled, l *page.Locale) []kindRow {
	var all []kindRow
	for _, kind := range p.Flow.Additions() {
		count := 0
		for _, e := range methods {
			if e.Kind == kind {
				count++
			}
		}
		// A new set of what there is one set of takes the place of the old one.
		full := count >= kind.Most() && kind.Most() > 1
		all = append(all, kindRow{Kind: kind, Title: l.Text("signin.kind." + string(kind)), Full: full, Most: kind.Most()})
	}
	return all
}

type addPage struct {
	Kinds []kindRow
}

func (p *Portal) showAdd(w http.ResponseWriter, r *http.Request) error { return p.askKind(w, r, nil) }

func (p *Portal) askKind(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	methods, err := p.methods(r)
	if err != nil {
		return err
	}
	data := addPage{Kinds: p.kinds(methods, page.VisitOf(r).Locale)}
	return p.Pages.Show(w, r, "portal/add", data, page.Wrong(page.One(wrong)))
}

// add starts the flow, which asks for a recent proof first and then sets up a method of the kind.
func (p *Portal) add(w http.ResponseWriter, r *http.Request) error {
	methods, err := p.methods(r)
	if err != nil {
		return err
	}
	kinds := p.kinds(methods, page.VisitOf(r).Locale)
	i := slices.IndexFunc(kinds, func(k kindRow) bool { return string(k.Kind) == r.PostFormValue("kind") })
	switch {
	case i < 0:
		return p.askKind(w, r, problem.New(problem.Invalid, "portal.add.choose"))
	case kinds[i].Full:
		return p.askKind(w, r, problem.New(problem.Invalid, "signin.too-many", problem.Args{"count": kinds[i].Most}))
	}
	replaces := ""
	if kinds[i].Most == 1 {
		for _, e := range methods {
			if e.Kind == kinds[i].Kind {
				replaces = e.ID
			}
		}
	}
	return p.enrol(w, r, kinds[i].Kind, replaces, "added")
}

// update sets up another method of the same kind in place of this one, which works until the new one is proved.
func (p *Portal) update(w http.ResponseWriter, r *http.Request) error {
	methods, err := p.methods(r)
	if err != nil {
		return err
	}
	e, err := method(r, methods)
	if err != nil {
		return err
	}
	if !updates(e.Kind) || !slices.Contains(p.Flow.Additions(), e.Kind) {
		return problem.New(problem.Forbidden, "portal.no-update")
	}
	return p.enrol(w, r, e.Kind, e.ID, "updated")
}

func (p *Portal) enrol(w http.ResponseWriter, r *http.Request, kind signin.Kind, replaces, news string) error {
	if session.Of(r).User.Frozen() {
		return frozen() // the flow would refuse as well, but only after it has asked for a proof
	}
	need := signin.Need{Level: session.Multi, Fresh: signin.Recent, Offer: p.Flow.Offer(), Enrol: kind, Replaces: replaces}
	return p.Flow.StepUp(w, r, need, "/security?done="+news+"&since="+strconv.FormatInt(p.DB.Now().UnixMilli(), 10))
}

func (p *Portal) methods(r *http.Request) (methods []signin.Enrolled, err error) {
	err = p.DB.View(r.Context(), func(tx *db.Tx) error {
		methods, err = signin.Methods(tx, session.Of(r).User.ID)
		return err
	})
	return methods, err
}

// method finds the method that the address names; somebody else's is as little there as none at all.
func method(r *http.Request, methods []signin.Enrolled) (signin.Enrolled, error) {
	for _, e := range methods {
		if e.ID == r.PathValue("id") && listed(e) {
			return e, nil
		}
	}
	return signin.Enrolled{}, problem.New(problem.NotFound, "signin.no-such-method")
}

type methodPage struct {
	Title, Detail string
	Name          string // as it is, or as it was typed
	Last          bool   // the only one that can prove who the person is
}

func (p *Portal) methodPage(r *http.Request) (data methodPage, err error) {
	methods, err := p.methods(r)
	if err != nil {
		return data, err
	}
	e, err := method(r, methods)
	if err != nil {
		return data, err
	}
	usable := slices.DeleteFunc(askedFirst(methods, p.DB.Now()), spare)
	data = methodPage{Name: e.Name, Last: len(usable) == 1 && usable[0].ID == e.ID}
	data.Title, data.Detail = p.describe(e, page.VisitOf(r).Locale)
	return data, nil
}

func (p *Portal) showRename(w http.ResponseWriter, r *http.Request) error {
	data, err := p.methodPage(r)
	if err != nil {
		return err
	}
	return p.Pages.Show(w, r, "portal/rename", data)
}

func (p *Portal) rename(w http.ResponseWriter, r *http.Request) error {
	data, err := p.methodPage(r)
	if err != nil {
		return err
	}
	data.Name = r.PostFormValue("name")
	err = p.alter(r, func(tx *db.Tx, user directory.User) error {
		return p.Flow.RenameMethod(tx, user, r.PathValue("id"), data.Name)
	})
	if problem.Is(err, problem.Invalid) {
		return p.Pages.Show(w, r, "portal/rename", data, page.Wrong(page.One(problem.Of(err))))
	}
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/security?done=renamed")
}

func (p *Portal) showRemove(w http.ResponseWriter, r *http.Request) error {
	data, err := p.methodPage(r)
	if err != nil {
		return err
	}
	return p.Pages.Show(w, r, "portal/remove", data)
}

func (p *Portal) remove(w http.ResponseWriter, r *http.Request) error {
	err := p.alter(r, func(tx *db.Tx, user directory.User) error {
		return p.Flow.RemoveMethod(tx, user, r.PathValue("id"), session.Of(r).ID)
	})
	if problem.Is(err, problem.Invalid) { // the last one; its page says so and what to do
		data, again := p.methodPage(r)
		if again != nil {
			return again
		}
		return p.Pages.Show(w, r, "portal/remove", data, page.Status(http.StatusUnprocessableEntity))
	}
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/security?done=removed")
}

// cancelPass voids the access pass of the person. It demands no proof, because it takes a way in away, and none of theirs.
func (p *Portal) cancelPass(w http.ResponseWriter, r *http.Request) error {
	there := false
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		user, err := directory.Hold(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		there, err = p.Flow.CancelPass(tx, user.ID, user)
		return err
	})
	switch {
	case err != nil:
		return err
	case !there: // it was used, or its time is over
		return page.Redirect(w, r, "/security")
	}
	return page.Redirect(w, r, "/security?done=pass")
}

type defaultPage struct {
	Methods []methodRow
	Chosen  string
}

func (p *Portal) showDefault(w http.ResponseWriter, r *http.Request) error {
	return p.askDefault(w, r, nil)
}

func (p *Portal) askDefault(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	methods, err := p.methods(r)
	if err != nil {
		return err
	}
	data, wanted := defaultPage{}, r.URL.Query().Get("method")
	for _, row := range p.rows(methods, page.VisitOf(r).Locale, p.DB.Now()) {
		if !row.Prefers {
			continue
		}
		if data.Methods = append(data.Methods, row); row.ID == wanted || row.Default && data.Chosen == "" {
			data.Chosen = row.ID
		}
	}
	return p.Pages.Show(w, r, "portal/default", data, page.Wrong(page.One(wrong)))
}

func (p *Portal) prefer(w http.ResponseWriter, r *http.Request) error {
	id := r.PostFormValue("method")
	if id == "" {
		return p.askDefault(w, r, problem.New(problem.Invalid, "portal.default.choose"))
	}
	err := p.alter(r, func(tx *db.Tx, user directory.User) error { return p.Flow.PreferMethod(tx, user, id) })
	if err != nil {
		return err
	}
	return page.Redirect(w, r, "/security?done=default")
}
