"""A test that may be looked at as often as one likes: whether events are more frequent than promised."""

import math


def log_wealth(events: int, trials: int, share: float) -> float:
    """Return the logarithm of what a fair bet against "the chance of an event is at most ``share``" has made of 1.

    The bet is a mixture of likelihood ratios: chances from ``share`` to 1, all weighted alike, against ``share``
    itself, which is the most favourable to the claim of all that it allows. While the claim is true, no trial makes
    the bet richer on average, whatever came before; so with a chance of 1 - a, it never, after however many trials
    and looks, has 1 / a or more (Ville, "Étude critique de la notion de collectif", 1939, 100). Robbins, "Statistical
    methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970), 1397-1409,
    introduced such mixtures; Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
    Journal of the Royal Statistical Society B 86 (2024), 1-27, review them.

    Args:
        events: How often it happened.
        trials: How often it might have.
        share: The largest chance that the claim allows, between 0 and 1.
    """
    from scipy.special import betaln
    from scipy.stats import beta

    others = trials - events
    mixture = betaln(events + 1, others + 1) + beta.logsf(share, events + 1, others + 1) - math.log1p(-share)
    return float(mixture - events * math.log(share) - others * math.log1p(-share))
