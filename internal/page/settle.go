// What a page says to everybody is put into it once for each language, and not looked up at every visit.
package page

import (
	"html/template"
	"strings"
	"text/template/parse"
)

// settler goes through the templates of a page before they are first executed, when html/template has not yet decided how
// to escape what stands in them, and replaces what is the same for all visitors by text: {{.T "key"}} and {{.H "key"}}
// without values, {{icon "name"}}, {{asset "name"}}, the organisation and the language; and on plain pages what would
// be said about a form. What is not markup is escaped here, for the two places in which pages have sentences: between
// tags and in double quotes.
type settler struct {
	renderer *Renderer
	locale   *Locale
	plain    bool  // there are no problems and no good news
	inner    int   // how many {{with}} and {{range}} are around: there the dot is not the View
	err      error // the first
}

func (s *settler) settle(t *template.Template) error {
	for _, one := range t.Templates() {
		if one.Tree != nil {
			s.list(one.Tree.Root)
		}
	}
	return s.err
}

// list settles the nodes, and joins texts that stand side by side.
func (s *settler) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	settled := l.Nodes[:0:0]
	for _, n := range l.Nodes {
		for _, n := range s.node(n) {
			text, isText := n.(*parse.TextNode)
			if last := len(settled) - 1; isText && last >= 0 {
				if before, ok := settled[last].(*parse.TextNode); ok {
					joined := append(append([]byte{}, before.Text...), text.Text...)
					settled[last] = &parse.TextNode{NodeType: parse.NodeText, Pos: before.Pos, Text: joined}
					continue
				}
			}
			settled = append(settled, n)
		}
	}
	l.Nodes = settled
}

// node gives what comes in the place of n.
func (s *settler) node(n parse.Node) []parse.Node {
	switch n := n.(type) {
	case *parse.ActionNode:
		if text, ok := s.action(n.Pipe); ok {
			return []parse.Node{&parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(text)}}
		}
	case *parse.IfNode:
		return s.branch(n, &n.BranchNode)
	case *parse.WithNode:
		return s.branch(n, &n.BranchNode)
	case *parse.RangeNode:
		return s.branch(n, &n.BranchNode)
	}
	return []parse.Node{n}
}

// branch is what is left of an {{if}}, {{with}} or {{range}}.
func (s *settler) branch(n parse.Node, b *parse.BranchNode) []parse.Node {
	if b.NodeType != parse.NodeIf {
		s.inner++
	}
	s.list(b.List)
	if b.NodeType != parse.NodeIf {
		s.inner--
	}
	s.list(b.ElseList)
	value, ok := s.constant(b.Pipe)
	truth, _ := template.IsTrue(value)
	switch {
	case !ok || truth && b.NodeType != parse.NodeIf:
		return []parse.Node{n}
	case truth:
		return b.List.Nodes
	case b.ElseList != nil:
		return b.ElseList.Nodes
	}
	return nil
}

// action is the text of an action that says the same to everybody.
func (s *settler) action(p *parse.PipeNode) (text string, ok bool) {
	if value, ok := s.constant(p); ok {
		return escape(value), true
	}
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 2 {
		return "", false
	}
	argument, ok := p.Cmds[0].Args[1].(*parse.StringNode)
	if !ok {
		return "", false
	}
	value, err := any(nil), error(nil)
	switch function(p.Cmds[0].Args[0]) {
	case "T":
		value = s.locale.Text(argument.Text)
	case "H":
		value = s.locale.HTML(argument.Text)
	case "icon":
		value, err = icon(argument.Text)
	case "asset":
		value, err = s.renderer.asset(argument.Text)
	default:
		return "", false
	}
	if err != nil && s.err == nil {
		s.err = err
	}
	return escape(value), true
}

// function is what an action calls: a method of the View, which pages name ., $ or as a variable, or one of our own.
func function(n parse.Node) string {
	switch n := n.(type) {
	case *parse.FieldNode:
		if len(n.Ident) == 1 {
			return n.Ident[0]
		}
	case *parse.VariableNode:
		if len(n.Ident) == 2 {
			return n.Ident[1]
		}
	case *parse.IdentifierNode:
		return n.Ident
	}
	return ""
}

// constant is the value of a pipeline that is nothing but a field of the View that is the same for all visitors.
func (s *settler) constant(p *parse.PipeNode) (value any, ok bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 {
		return nil, false
	}
	args := p.Cmds[0].Args
	field, ofAll := strings.CutPrefix(args[0].String(), "$")
	switch {
	case !ofAll && s.inner > 0:
		return nil, false
	case len(args) == 2 && field == ".Errors.Of":
		return nil, s.plain
	case len(args) != 1:
		return nil, false
	}
	switch field {
	case ".Brand.Name":
		return s.renderer.brand.Name, true
	case ".Brand.Logo":
		return s.renderer.brand.Logo, true
	case ".Brand.Help":
		return s.renderer.brand.Help, true
	case ".Locale.Code":
		return s.locale.Code, true
	case ".Locale.Direction":
		return s.locale.Direction, true
	case ".Demo":
		return s.renderer.demo, true
	case ".Errors":
		return nil, s.plain
	case ".Notice":
		return "", s.plain
	}
	return nil, false
}

// escape is a value as it stands in a page.
func escape(value any) string {
	if markup, ok := value.(template.HTML); ok {
		return string(markup)
	}
	return template.HTMLEscaper(value)
}
