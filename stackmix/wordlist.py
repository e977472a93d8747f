"""Choose the words that a library is set from, so that each character stands in it often enough, in each of its places.

A small letter has three places, at a word's start, inside and at its end, since hands write it differently there. Each
character and place is a need; the rarest needs are met first, then the list is filled with words that bring new pairs.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
ENGLISH = "abcdefghijklmnopqrstuvwxyz"
SIGNS = ".,!?:;-()\"'«»—–№…%/+=“”„’*&@#$[]_"
# instances of each character by its place, at least 4 in all; "caps": in an ALL CAPS word, "": a digit or sign
INSTANCES = {"start": 3, "inside": 3, "end": 2, "caps": 2, "": 4}
NEVER_FIRST = "ЪЫЬ"
TRIES = 8  # words looked at for each one taken

# words that give every letter every place it has, the rare ones often enough
RARE = """
ад бант вздох ввод год жук ёж ёлка ёрш йод йога йогурт каша лай моё твоё ещё чьё бельё щука щит щёки плащ товарищ вещь
цапля цирк отец конец заяц птиц эхо этаж экран алоэ каноэ юла юбка пою меню шью ямщик моя земля фара фильм шарф граф
буфет хлеб смех объект объезд съёмка подъём въезд изъян рожь мышь шалаш багаж муж жираф щавель грач ключ чайка
шум душ зуд мороз заём пыль сыр сыны гиб клуб дуб снег луг хор лук план сон порт кот кофе эму поэт дуэль маяк
нос узел осень пицца очки лев суп рис гол нив уж нож вал цепи
boa club disc fjord quay quiz quartz equal squad Iraq tranq zoo zinc fizz jazz raja hajj haj taj jar jug vex
onyx oxen xenon xylem exit wax van vivid luv rev kiwi key ski taxi menu you emu safe golf bulb hugh high box unzip
apple night iris pond abbey ocean idea echo peach black snow glass hook bus cow pond nap in at
"""

# {w} a word, {n} a number below 100, {m} one below 10
PATTERNS = """
{w}. {w}, {w}! {w}? {w}: {w}; {w}… …{w} ({w}) ({w}, {w}) "{w}" '{w}' «{w}» «{w}», “{w}” „{w}” {w}’s {w}'s
{w}-{w} {w}/{w} [{w}] {w}&{w} {w}@{w} *{w} {w}* {w}_{n} #{n} ${n} [{n}] №{n} {n}% {n}/{n} {m}+{m}={n} {m}-{m}
{n} {n}, {n}. {n}:{n} {n}-{n} {n}.{n} 1{n}{n} 20{n} ({n}) {m} {m}) {m}{n}{m}
. , ! ? : ; ( ) " ' « » “ ” „ ’ … - – — № % / + = & @ # $ * _ [ ]
"""

Need = tuple[str, str]  # a character and its place: ("ж", "start"), ("Ж", "start"), ("7", "")


def needs(word: str) -> list[Need]:
    """What a word offers: needs("Юла,") == [("Ю", "start"), ("л", "inside"), ("а", "end"), (",", "")]."""
    found = []
    for k, character in enumerate(word):
        before = k > 0 and word[k - 1].isalpha()
        after = k + 1 < len(word) and word[k + 1].isalpha()
        place = "inside" if before and after else "end" if before else "start"
        # a capital inside or at the end of a word stands in ALL CAPS
        if not character.isalpha():
            place = ""
        elif character.isupper():
            place = "start" if after and word[k + 1].islower() else "caps"
        found.append((character, place))
    return found


def wanted() -> list[Need]:
    """Every character and place that a library should have, the rarest kind first."""
    small = RUSSIAN + ENGLISH
    capitals = [(letter, place) for place in ("start", "caps") for letter in small.upper()]
    signs = [(sign, "") for sign in SIGNS + "0123456789"]
    return capitals + signs + [(letter, place) for place in ("start", "inside", "end") for letter in small]


def quota(need: Need) -> int:
    """How often a need is to be met."""
    return 4 if need[0] in NEVER_FIRST else INSTANCES[need[1]]


def vocabulary(corpus: Iterable[str]) -> list[str]:
    """The words of the corpus' lines with the punctuation that clings to them, each once, sorted."""
    return sorted({word for line in corpus for word in line.split()})


def variants(words: list[str], rng: np.random.Generator) -> list[str]:
    """What the plain words can also be: capitalised, in capitals, dressed in signs, and numbers."""
    plain = sorted(
        {bare for word in words + RARE.split() if (bare := re.sub(r"^\W+|\W+$", "", word)) and bare.isalpha()}
    )
    short = [word for word in plain if len(word) < 7]
    tongues = [[word for word in short if word[0] in letters] or short for letters in (RUSSIAN, ENGLISH)]

    def dress(pattern: str) -> str:
        tongue = tongues[rng.integers(2)]
        pattern = re.sub(r"\{w\}", lambda _: tongue[rng.integers(len(tongue))], pattern)
        return re.sub(r"\{[nm]\}", lambda m: str(rng.integers(10 if m[0] == "{m}" else 100)), pattern)

    dressed = [dress(pattern) for pattern in PATTERNS.split() for _ in range(6)]
    plain = [word for word in plain if len(word) > 1]
    return [*plain, *map(str.capitalize, plain), *(word.upper() for word in short), *dressed]


def choose(
    words: list[str], count: int, rng: np.random.Generator, able: Callable[[str], bool] = lambda word: True
) -> list[str]:
    """Choose `count` words, or more where the needs take more, out of those that a hand is `able` to write.

    A word comes twice where a need has too few of them.
    """
    pool = sorted(filter(able, {*words, *variants(words, rng)}))
    offers: dict[Need, list[int]] = defaultdict(list)
    for index, word in enumerate(pool):
        for need in set(needs(word)):
            offers[need].append(index)
    have: Counter[Need] = Counter()
    chosen: list[str] = []
    for need in wanted():
        while offers[need] and have[need] < quota(need):
            tries = [pool[offers[need][k]] for k in rng.integers(len(offers[need]), size=TRIES)]
            word = max(tries, key=lambda word: (word not in chosen, gain(word, have)))
            have.update(needs(word))
            chosen.append(word)
    return fill(chosen, list(filter(able, words)), count, rng)


def gain(word: str, have: Counter[Need]) -> float:
    """How many open needs a word meets for each of its characters; short words win, they take less room."""
    return sum(have[need] < quota(need) for need in needs(word)) / (len(word) + 2)


def fill(chosen: list[str], words: list[str], count: int, rng: np.random.Generator) -> list[str]:
    """Fill the list up to `count` with words of the vocabulary, preferring those that bring new pairs of letters."""
    pairs = Counter(pair for word in chosen for pair in pairwise(word))
    while words and len(chosen) < count:
        tries = [words[k] for k in rng.integers(len(words), size=TRIES)]
        word = max(tries, key=lambda word: sum(1 / (1 + pairs[pair]) for pair in pairwise(word)) / (len(word) + 2))
        pairs.update(pairwise(word))
        chosen.append(word)
    return chosen


def lacking(chosen: list[str]) -> list[Need]:
    """The needs that the chosen words don't meet at all."""
    have = {need for word in chosen for need in needs(word)}
    return [need for need in wanted() if need not in have]
