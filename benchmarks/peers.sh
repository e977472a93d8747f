#!/usr/bin/env bash
# Makes the environments of the tools that benchmarks measure beside ours: a venv for each, FOLDER/NAME.
# A peer is a function below, which is given its venv's python, and its name in `peers`.
set -euo pipefail

peers=(ctc-forced-aligner trdg synthtiger augmixations hwb augraphy straug rapidocr)
usage="usage: bash benchmarks/peers.sh FOLDER [NAME...]   (names: ${peers[*]}; all when none is given)"

install() { local python=$1; shift; "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check "$@"; }

# pip compiles it with the machine's C++ compiler. The rest that it asks for (librosa, onnxruntime) is for its audio.
ctc-forced-aligner() { install "$1" --no-deps ctc-forced-aligner==1.0.2 numpy; }

# It was written for an older Pillow, and asks for more than it needs to set words.
trdg() { install "$1" --no-deps trdg==1.8.0 && install "$1" "Pillow==9.5.0" "numpy<2" "opencv-python-headless<4.10" \
        requests tqdm beautifulsoup4 diffimg==0.2.3 arabic-reshaper==2.1.3 python-bidi==0.4.2 wikipedia; }

synthtiger() { install "$1" synthtiger==1.2.1 "numpy<2" "Pillow<10" "opencv-python-headless<4.10"; }

# It asks for neither of the two that it imports when it is used; OpenCV 4 is what it was written for.
augmixations() { install "$1" augmixations==0.1.2 bezier numpy "opencv-python-headless<5"; }

hwb() { install "$1" hwb==0.0.15; }

augraphy() { install "$1" augraphy==8.2.6; }

# The rest that it asks for (torch, torchvision, Wand) is for what is not measured.
straug() { install "$1" --no-deps straug==0.1.2 numpy pillow; }

# Its wheel carries the models that it reads with when it is asked for no others.
rapidocr() { install "$1" rapidocr==3.10.0 onnxruntime; }

fail() { echo "peers.sh: $1" >&2; exit 2; }
case ${1-} in
    -h | --help) echo "$usage"; exit ;;
    "" | -*) fail "$usage" ;;
esac
folder=$1
shift
[ $# -gt 0 ] || set -- "${peers[@]}"
for name; do
    [[ " ${peers[*]} " == *" $name "* ]] || fail "no peer $name; $usage"
done

making=
trap '[ -z "$making" ] || rm -rf "$making"' EXIT  # nothing half made is left behind
trap 'exit 130' INT
trap 'exit 143' TERM
for name; do
    making=$folder/$name
    python3 -m venv --clear "$making"
    "$name" "$making/bin/python"
    echo "$making"
    making=
done
