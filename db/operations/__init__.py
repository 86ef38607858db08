"""Operations: functions that change the database over a connection, in the caller's transaction."""
