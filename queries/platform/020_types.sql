-- Every enum of the platform, its members in the stored order.
CREATE TYPE table_status AS ENUM ('available', 'reserved', 'occupied', 'out_of_service');
CREATE TYPE table_category AS ENUM ('bar', 'dining', 'lounge', 'patio', 'private');
CREATE TYPE table_seating_type AS ENUM ('standard', 'sofa', 'booth', 'high_top');
CREATE TYPE table_mobility AS ENUM ('movable', 'fixed');
CREATE TYPE seating_preference_type AS ENUM ('any', 'indoor', 'outdoor', 'bar', 'window', 'quiet', 'booth');
CREATE TYPE table_hold_status AS ENUM ('active', 'expired', 'confirmed', 'cancelled');
CREATE TYPE area_type AS ENUM ('indoor', 'outdoor', 'covered');
CREATE TYPE booking_status AS ENUM (
    'confirmed', 'pending', 'cancelled', 'completed', 'PRIORITY_WAITLIST', 'no_show', 'pending_allocation', 'checked_in'
);
CREATE TYPE booking_assignment_state AS ENUM (
    'created', 'capacity_verified', 'assignment_pending', 'assignment_in_progress', 'assigned', 'confirmed', 'failed',
    'manual_review'
);
