#ifndef GRPOLAB_APP_SCRIPT_DEMAND_H
#define GRPOLAB_APP_SCRIPT_DEMAND_H

/* What a clause `trace NAME` asks of the trace that is followed; clause.which, in the order of their names. */
enum demand_trait {
    TRAIT_REWARD, TRAIT_ADVANTAGE, TRAIT_ACCURACY, TRAIT_FORMAT, TRAIT_LENGTH, TRAIT_WAITS, TRAIT_AHA,
    TRAIT_TESTED, TRAIT_VERIFIED, TRAIT_ALONG
};

#endif
