#!/usr/bin/env python3
"""Optuna's TPE and NSGA-II on a table of trained designs, through ask and tell. For the comparison alone: nothing of
AttoForge needs Optuna. Debian has it (python3-optuna, 3.1.0): apt-get install python3-optuna.

    search_bench TABLE [--spec SPEC] --problem problem.json         what is searched: places, costs, results, seeds
    optuna_bench.py problem.json --out optuna.json                  the campaigns
    search_bench TABLE [--spec SPEC] --with optuna.json             judged beside ours: same budgets and repetitions

Rules. Places are categories, those that depend on another place are asked only where they exist. Limits go to
`constraints_func`, one number each, above 0 where missed. A design that misses one is charged as one mean training
of the table, for Optuna spends a trial on it; in the rows "..., free" it costs nothing. What was told before is told
again at no cost. A campaign ends at the budget, or after twice as many trials as the budget has trainings (four times
where there are limits).
With two goals (rows "..._2") the second is few MACs; TPE has them where --two-goals asks for it.
Optuna's TPE looks at all trials again for each place of each new one; here at each trial once. The campaigns are the
same, in a third of the time (--plain leaves Optuna as it is).
"""
import argparse
import itertools
import json
import math
import multiprocessing
import operator
import statistics
import sys
import warnings

try:
    import optuna
    import optuna.samplers._tpe.sampler as tpe
except ImportError:
    print("optuna_bench: the Python module optuna is missing; Debian: apt-get install python3-optuna (3.1.0)",
          file=sys.stderr)
    sys.exit(4)

SEEN_AS_LOST = 0.0  # of a design that diverged or is not allowed: ranked behind by its constraints
# As many for each as search_bench gives each strategy with settings; the first is what the defaults are.
VARIANTS = {
    "optuna_tpe": [{"n_startup_trials": n, "multivariate": many, "group": many, "n_ei_candidates": tries}
                   for n, many, tries in [(10, False, 24), (5, False, 24), (20, False, 24), (10, True, 24), (5, True, 24),
                                          (20, True, 24), (10, False, 8), (10, True, 8), (5, False, 96)]],
    "optuna_nsga2": [{"population_size": size, "mutation_prob": change}
                     for size, change in itertools.product((50, 20, 10), (None, 0.1, 0.25))]}
SAMPLERS = {"optuna_tpe": optuna.samplers.TPESampler, "optuna_nsga2": optuna.samplers.NSGAIISampler}


class Problem:
    def __init__(self, file, repetitions):
        with open(file, encoding="utf-8") as opened:
            self.__dict__.update(json.load(opened))
        self.repetitions = min(repetitions or len(self.seeds), len(self.seeds))
        self.by_choice = {tuple(way[0]): way for way in self.ways}
        self.limits = len(self.ways[0][2])
        self.most_macs = max(self.macs)

    def ask(self, trial):
        """The way that a trial takes: its choices by place, -1 where a place does not exist."""
        taken = []
        for place in self.places:
            parent = place["parent"]
            exists = parent < 0 or place["first"] <= taken[parent] <= place["last"]
            options = range(len(place["options"]))
            if not exists or len(options) == 1:
                taken.append(0 if exists else -1)
            else:
                taken.append(trial.suggest_categorical(place["name"], list(options)))
        return tuple(taken)


def campaign(problem, kind, settings, has_two_goals, repetition):
    """Steps (charged seconds, free seconds, design) of one repetition."""
    constraints = (lambda trial: trial.user_attrs["limits"]) if problem.limits else None
    sampler = SAMPLERS[kind](seed=problem.seeds[repetition], constraints_func=constraints, **settings)
    study = optuna.create_study(directions=["maximize", "minimize"][:1 + has_two_goals], sampler=sampler)
    seed, steps, told = problem.visible[repetition], [], set()
    mean, charged, free = problem.cpu_seconds_a_training, 0.0, 0.0
    patience = 4 if problem.limits else 2
    for _ in range(int(patience * problem.budget_cpu_seconds / mean) + 1):
        trial = study.ask()
        choice = problem.ask(trial)
        _, design, limits = problem.by_choice.get(choice, (None, -1, [1.0] * problem.limits))
        trial.set_user_attr("limits", limits)
        worth = problem.values[design][seed] if design >= 0 else None
        macs = problem.macs[design] if design >= 0 else problem.most_macs
        study.tell(trial, [SEEN_AS_LOST if worth is None else worth, macs][:1 + has_two_goals])
        known = design if design >= 0 else choice
        if known in told:
            continue
        told.add(known)
        charged += problem.cpu_seconds[design][seed] if design >= 0 else mean
        if design >= 0:
            free += problem.cpu_seconds[design][seed]
            steps.append((charged, free, design))
        if free > problem.budget_cpu_seconds:
            break
    return steps


def contender(problem, pool, label, kind, settings, has_two_goals):
    tasks = [(problem, kind, settings, has_two_goals, i) for i in range(problem.repetitions)]
    found = pool.starmap(campaign, tasks, chunksize=1)
    made = [{"label": label, "is_baseline": True, "settings": settings,
             "campaigns": [[[step[0], step[2]] for step in steps] for steps in found]}]
    if any(way[1] < 0 for way in problem.ways):
        made.append({"label": label + ", free", "is_baseline": False, "settings": settings,
                     "campaigns": [[[step[1], step[2]] for step in steps] for steps in found]})
    print(f"{label}: {statistics.mean(len(steps) for steps in found):.1f} designs a campaign", file=sys.stderr)
    return made


def observation_pairs(study, names, _constant_liar=False, has_constraints=False):
    """What Optuna's function of this name returns, with each trial looked at once. Choices are their own indices."""
    scores, taken, violations = study.__dict__.setdefault("looked_at", ([], [], []))
    signs = [-1 if d == optuna.study.StudyDirection.MAXIMIZE else 1 for d in study.directions]
    for trial in study.get_trials(deepcopy=False)[len(scores):]:
        if not trial.state.is_finished():
            break  # the one that is asked for now
        scores.append((-math.inf, [sign * value for sign, value in zip(signs, trial.values)]))
        taken.append(trial.params)
        if has_constraints:
            violations.append(sum(v for v in trial.system_attrs["constraints"] if v > 0))
    return ({name: [params.get(name) for params in taken] for name in names}, scores,
            violations if has_constraints else None)


def once(function):
    """Keeps what a function of all scores returned last: places of one trial ask it alike."""
    kept = {}

    def call(scores, *rest):
        key = id(scores), len(scores)
        if kept.get("key") != key:
            value = function(scores, *rest)
            kept.update(key=key, value=value)
        return kept["value"]
    return call


def prepare(is_plain):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    if is_plain or optuna.__version__ != "3.1.0":
        return
    optuna.distributions._categorical_choice_equal = operator.eq
    tpe._get_observation_pairs = observation_pairs
    tpe._split_observation_pairs = once(tpe._split_observation_pairs)
    tpe._calculate_weights_below_for_multi_objective = once(tpe._calculate_weights_below_for_multi_objective)


def choose(stored):
    """The settings of the lowest mean regret at the one budget of a comparison of all variants."""
    best = {}
    for one in stored["outcomes"]:
        kind, _, number = one["label"].partition(" ")
        if number.isdigit():
            mean = statistics.mean(one["regret"][-1])
            print(f"{one['label']:16} mean regret {mean:.3f}  {VARIANTS[kind][int(number)]}", file=sys.stderr)
            best[kind] = min(best.get(kind, (9e9, 0)), (mean, int(number)))
    return {kind: {**VARIANTS[kind][number], "mean_regret": round(mean, 4)} for kind, (mean, number) in best.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", help="as search_bench --problem writes it")
    parser.add_argument("--settings", help="settings by contender (JSON), as --choose prints; Optuna's defaults without")
    parser.add_argument("--variants", action="store_true", help="run every variant, to choose one on a development table")
    parser.add_argument("--choose", action="store_true",
                        help="the file holds judged variants (search_bench --store): print the settings of the best")
    parser.add_argument("--repetitions", type=int, help="the first so many alone")
    parser.add_argument("--two-goals", action="store_true", help="TPE with two goals too, which takes some ten times longer")
    parser.add_argument("--plain", action="store_true", help="leave Optuna as it is: slower")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", default="/dev/stdout")
    options = parser.parse_args()
    if options.choose:
        with open(options.problem, encoding="utf-8") as file:
            json.dump(choose(json.load(file)), sys.stdout, indent=2)
        return
    problem, made, settings = Problem(options.problem, options.repetitions), [], {}
    if options.settings:
        with open(options.settings, encoding="utf-8") as file:
            settings = json.load(file)
    with multiprocessing.Pool(options.jobs, prepare, (options.plain,)) as pool:
        for kind, variants in VARIANTS.items():
            if options.variants:
                for number, variant in enumerate(variants):
                    made += contender(problem, pool, f"{kind} {number}", kind, variant, False)
                continue
            chosen = {key: value for key, value in settings.get(kind, {}).items() if key in variants[0]}
            for has_two_goals in (False, True)[:1 + (kind == "optuna_nsga2" or options.two_goals)]:
                made += contender(problem, pool, kind + "_2" * has_two_goals, kind, chosen, has_two_goals)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump({"table": problem.table, "optuna": optuna.__version__, "contenders": made}, file)


if __name__ == "__main__":
    main()
