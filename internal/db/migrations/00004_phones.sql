-- signin: a method is found by what it holds, such as a number, through a keyed fingerprint. Rows made before have none
-- until the method is used again.
ALTER TABLE methods ADD COLUMN lookup TEXT NOT NULL DEFAULT '';
CREATE INDEX methods_by_lookup ON methods (lookup) WHERE lookup <> '';

-- signin: what was said to a challenge that is answered outside of the browser, by keys in a call: right or wrong.
ALTER TABLE challenges ADD COLUMN answer TEXT NOT NULL DEFAULT '';
