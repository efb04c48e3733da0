-- directory: how far each person is (standing.go), kept beside the person and beside each membership, so that people are counted
-- and listed by it from an index. An older node keeps neither; Mend puts right what it leaves.
ALTER TABLE users ADD COLUMN protected BOOLEAN NOT NULL DEFAULT FALSE; -- has a method that proves possession and can be used
ALTER TABLE users ADD COLUMN standing TEXT NOT NULL DEFAULT 'never';
ALTER TABLE group_members ADD COLUMN standing TEXT NOT NULL DEFAULT 'never';
UPDATE users SET protected = TRUE WHERE id IN
    (SELECT user_id FROM methods WHERE kind IN ('phone', 'authenticator', 'passkey', 'card') AND disabled_at = 0);
UPDATE users SET standing = CASE WHEN status <> 'active' THEN status WHEN frozen_at > 0 THEN 'frozen' WHEN signed_in_at = 0 THEN 'never'
    WHEN protected THEN 'protected' ELSE 'to-do' END;
UPDATE group_members SET standing = (SELECT standing FROM users WHERE id = user_id);
CREATE INDEX users_by_standing ON users (standing, username_key);
CREATE INDEX group_members_by_standing ON group_members (group_id, standing, user_id);

-- directory: the words by which people are found. They are bytes, because collations of texts differ. Mend fills the table.
CREATE TABLE user_words (
    user_id TEXT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    word    BYTEA NOT NULL,
    PRIMARY KEY (user_id, word)
);
CREATE INDEX user_words_by_word ON user_words (word, user_id);

-- signin: phones by the last three digits, which is all of a number that can be read.
CREATE INDEX methods_by_ending ON methods (substr(hint, length(hint) - 2), user_id) WHERE kind = 'phone';
