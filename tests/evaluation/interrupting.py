"""What a person does who stops a job while it tells how far it is."""


def interruptions(steps):
    """For each of `steps` somebody to tell of progress who interrupts the job there."""
    for stop in range(steps):
        left = iter(range(stop))

        def interrupt(*_what, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt

        yield interrupt
