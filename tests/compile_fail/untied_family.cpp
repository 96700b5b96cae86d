// expect: template constraint failure for 'template<class D>  requires  Component<D> class
// mix::Untied'
#include "mix/distributions/student_t.h"
#include "mix/untied.h"

mix::Untied<mix::StudentT> untied;
