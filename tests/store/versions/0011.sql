-- Schema 0011: by when a call must have ended, and those that had not by then.
UPDATE call SET must_end_by = created_at + 60000;
INSERT INTO overdue_call (serial, noticed_at, closed_at) VALUES (105, 1621823900000, NULL);
