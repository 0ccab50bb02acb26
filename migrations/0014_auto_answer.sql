-- Whether this person's phone is asked to pick up by itself, over what their queues say. NULL: as the queues say.
ALTER TABLE agents ADD COLUMN auto_answer BIGINT;
