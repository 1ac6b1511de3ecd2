-- Gives up the transaction of a look after a statement in it was refused.
ROLLBACK
