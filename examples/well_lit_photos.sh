#!/usr/bin/env bash
# The 38 well-lit photos of configs/photos_student.py, into data/photos (or another
# folder), from packages of Debian 12; their licences are in the packages.
set -euo pipefail
folder=$(realpath -m "${1:-data/photos}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 mate-backgrounds \
  opencv-doc plasma-workspace-wallpapers
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p "$folder"
while read -r name path; do
  cp "usr/share/$path" "$folder/$name"
done <<'LIST'
Aqua.jpg backgrounds/mate/nature/Aqua.jpg
Blinds.jpg backgrounds/mate/nature/Blinds.jpg
Bridge_by_Sander_Klootwijk.jpg backgrounds/Bridge_by_Sander_Klootwijk.jpg
BytheWater.jpg wallpapers/BytheWater/contents/images/2560x1600.jpg
ColorfulCups.jpg wallpapers/ColorfulCups/contents/images/2560x1600.jpg
Dragonfly_by_Bolly.jpg backgrounds/Dragonfly_by_Bolly.jpg
Dune.jpg backgrounds/mate/nature/Dune.jpg
FallenLeaf.jpg wallpapers/FallenLeaf/contents/images/2560x1600.jpg
FreshFlower.jpg backgrounds/mate/nature/FreshFlower.jpg
Garden.jpg backgrounds/mate/nature/Garden.jpg
GreenMeadow.jpg backgrounds/mate/nature/GreenMeadow.jpg
Kite.jpg wallpapers/Kite/contents/images/2560x1600.jpg
Kleiber_by_Lukas_Baubkus.jpg backgrounds/Kleiber_by_Lukas_Baubkus.jpg
LadyBird.jpg backgrounds/mate/nature/LadyBird.jpg
OneStandsOut.jpg wallpapers/OneStandsOut/contents/images/2560x1600.jpg
Picture_0B_by_freespace.jpg backgrounds/Picture_0B_by_freespace.jpg
Picture_1A_by_freespace.jpg backgrounds/Picture_1A_by_freespace.jpg
RainDrops.jpg backgrounds/mate/nature/RainDrops.jpg
TwoWings.jpg backgrounds/mate/nature/TwoWings.jpg
Wine_by_Jakkub_Mede.jpg backgrounds/Wine_by_Jakkub_Mede.jpg
Wood.jpg backgrounds/mate/nature/Wood.jpg
YellowFlower.jpg backgrounds/mate/nature/YellowFlower.jpg
aero3.jpg doc/opencv-doc/examples/data/aero3.jpg
aitzgorri_by_Aitzol_Berasategi.jpg backgrounds/aitzgorri_by_Aitzol_Berasategi.jpg
aloeL.jpg doc/opencv-doc/examples/data/aloeL.jpg
building.jpg doc/opencv-doc/examples/data/building.jpg
friends_by_Aitzol_Berasategi.jpg backgrounds/friends_by_Aitzol_Berasategi.jpg
graf1.png doc/opencv-doc/examples/data/graf1.png
greentock_by_Peter_Nerlich.jpg backgrounds/greentock_by_Peter_Nerlich.jpg
leuvenA.jpg doc/opencv-doc/examples/data/leuvenA.jpg
life_by_Aitzol_Berasategi.jpg backgrounds/life_by_Aitzol_Berasategi.jpg
picosdeeuropa_by_Aitzol_Berasategi.jpg backgrounds/picosdeeuropa_by_Aitzol_Berasategi.jpg
scenetext01.jpg doc/opencv-doc/examples/text/scenetext01.jpg
scenetext03.jpg doc/opencv-doc/examples/text/scenetext03.jpg
scenetext04.jpg doc/opencv-doc/examples/text/scenetext04.jpg
scenetext05.jpg doc/opencv-doc/examples/text/scenetext05.jpg
scenetext06.jpg doc/opencv-doc/examples/text/scenetext06.jpg
stuff.jpg doc/opencv-doc/examples/data/stuff.jpg
LIST
cd "$folder"
sha256sum --check --quiet <<'SUMS'
5c30118205982da441bf7e6a1ada636a8a0be879408140b3148280c665ed6bce  Aqua.jpg
f7aac0dcc2e06d0491643e84df3da1d9db7c4610f58806a880d56e074799f600  Blinds.jpg
bd86b081f9975e2b83527f71e49b9271a8ab40885428395969d9f7d834d7f050  Bridge_by_Sander_Klootwijk.jpg
c272434ef39f2abf1ed48a15a8910088020f3165329a5092f3940ec9464bc05f  BytheWater.jpg
6e0f3a72feb5a4a9fec191b77e34874c3c69e2d93040deb3f07773e73385023d  ColorfulCups.jpg
af5af17841009732def24b09bb1e669a1b09d2b4bdeee7812c371101c30d2bb3  Dragonfly_by_Bolly.jpg
8a67c2cb0be8c46b70c237311a4fa4d2b4ac7d39568135384787801fa5cc9a91  Dune.jpg
95603a6560c7e8d50e0e03b3f4adbe39c5258c72528e74e4ecaea1daf4e499de  FallenLeaf.jpg
972b0a0c4e5e3fa93f4f244fc84bc64b121a5eac3aaa5856f1308c1f38a02f8e  FreshFlower.jpg
d3095ee09d425ef23d27155412136cf14fc3c9af76ca58b452f55e23da324e78  Garden.jpg
8fa0de0aa4089f7319c9fb7a6d006d4cab6023e8c8853731557cff53567b4832  GreenMeadow.jpg
bdca288ce296a981e80659c021cf707caddc702c0c8d4247e60bd618476d47f8  Kite.jpg
6572410c09f4492c74ccadde133565a14c0161617d5917d4c820c66d65a44ba7  Kleiber_by_Lukas_Baubkus.jpg
e35a9a4126ef969c90b29c038058c5a575a20eadd84106a37bf1fa9931e7b61d  LadyBird.jpg
cb507baf1dafdcae362264f3aba9483ed4be5f6c9fdd770f0ec0920c6d9e80fd  OneStandsOut.jpg
c8c0ab18e48d9e0419fe42881112137f3afafc27dfddc29ec3a6d54c56d225ad  Picture_0B_by_freespace.jpg
89e86af38d04daaef975665dc2127e9fa76f0fd68f4eea105a2d0ae3390b010b  Picture_1A_by_freespace.jpg
3e4ea9671c28c90a86cf67b3db9daf18c4741587c596333a7529ca589aaa0c16  RainDrops.jpg
665e5abf8a5399070a91a9a8e455fe071e5b61697ff78fdeda4e9843ef545aeb  TwoWings.jpg
d2e96e6d4da40dd804b3d0ce295e94de04a2d7d9b6785d42cd9d92ba58bced74  Wine_by_Jakkub_Mede.jpg
19c78500ac00a622e19907ab9cc7d06d46fe08c4a6142759a84195696150ec07  Wood.jpg
254da96256acb7add685679775a04d1e4a5bc8cd13e5a5a3d61351ce198a5306  YellowFlower.jpg
1c407146f8762b3b14a7953ff9bc4c01ed64c467d7277122e769bf7e816017a4  aero3.jpg
66268e7b48f8854d36a28765fac6e23ec1aee251daa6da1f64715f201020ad36  aitzgorri_by_Aitzol_Berasategi.jpg
cce5736808efe80d9f04b118dbb978c344d4345672b332718c3e039a3eeb8eee  aloeL.jpg
742a1baad62ac82e91e718e77eedf7e85c2eddc4badfb8c87c6cbc86c45a8b07  building.jpg
cc40e313c74e421edffe3403def413c16878ce14661cce7ec5915baeab35538d  friends_by_Aitzol_Berasategi.jpg
1504b769303c7bde00fa578eeaad3c68e02aceabeb1242e556f1f8d19e4bdea5  graf1.png
e7b20e2db9dcd6e2b278ca55873c2110b35d89cd38b04d0b18728726888e6889  greentock_by_Peter_Nerlich.jpg
b2977cdbd9fb3f94dadd6f76cf586d145676deb8a22b5f0f42149d21c058c09f  leuvenA.jpg
4c119350ead80201fe256850c3d316309ddfb4bdf10b235ce982dcde0c667c05  life_by_Aitzol_Berasategi.jpg
414d0072b2f6f2c555deafeaef6e45c4fed6fa9ad26eba6560ca8803959cf97a  picosdeeuropa_by_Aitzol_Berasategi.jpg
7f3041a7019ab4d33d2452bc757d8c4f38616bfde71431e12f7ec370d7b2018e  scenetext01.jpg
cadf4a3d29a7ba6fe976b53fa65f490cc2868375e8feb3d93f26029f05c662ca  scenetext03.jpg
28e08d142a04f92f96d01ff2674f7804321841cba95bd968980cdc85ef0af6df  scenetext04.jpg
63985ac1a9989a8320605d5be0ec285af0c6304a78cc9cc5de6c2c7c435f7c0b  scenetext05.jpg
e4d64f10bbfb27b2c5980cb048fd0abe20dd74868ba5460298de473ced53b518  scenetext06.jpg
21cd00afbdd0727f445dd91c0a09633e6345ed5b05a3d2355453a1f3c314c6c5  stuff.jpg
SUMS
echo "$(ls | wc -l) photos in $folder"
