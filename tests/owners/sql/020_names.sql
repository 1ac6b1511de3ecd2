-- Enums that the fact sheet does not name get names that nobody can guess: casting to them by ours must not be needed.
ALTER TYPE booking_assignment_state RENAME TO owners_assignment_state;
ALTER TYPE area_type RENAME TO owners_zone_area;
