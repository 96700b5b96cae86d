namespace mix {
class Registry;
}

extern "C" const char* mixture_plugin_interface() { return "0, of another time"; }
extern "C" void mixture_plugin_families(mix::Registry& /*known*/) {}
