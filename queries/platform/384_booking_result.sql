-- What create_ and update_booking_with_capacity_check answer: always the same keys, null where there is nothing to say.
CREATE OR REPLACE FUNCTION booking_result(
    p_success boolean,
    p_booking jsonb DEFAULT NULL,
    p_capacity jsonb DEFAULT NULL,
    p_duplicate boolean DEFAULT false,
    p_error text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_details jsonb DEFAULT NULL,
    p_retryable boolean DEFAULT false,
    p_sqlstate text DEFAULT NULL,
    p_sqlerrm text DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'success', p_success, 'duplicate', p_duplicate, 'booking', p_booking, 'capacity', p_capacity, 'error', p_error,
        'message', p_message, 'details', p_details, 'retryable', p_retryable, 'sqlstate', p_sqlstate,
        'sqlerrm', p_sqlerrm)
$$;
