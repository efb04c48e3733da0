package main
type checkCommand struct{ Settings `embed:""` }
func (checkCommand) Run(p *program) error { return nil }
type userCommand struct{}
type fieldCommand struct{}
func (userCommand) Run(p *program) error { return nil }
func (fieldCommand) Run(p *program) error { return nil }
